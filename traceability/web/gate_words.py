"""The words of a gate's screen, all in one place: the page carries them to speak without a network.

>>> sorted(SENTENCES)[:2]
['again', 'all kept']
"""

from __future__ import annotations

from datetime import timedelta

from traceability.web.sentences import LazyString, lazy_gettext

SENTENCES: dict[str, LazyString] = {
    "ready": lazy_gettext("Ready"),
    "reading": lazy_gettext("Reading"),
    "pass": lazy_gettext("Pass"),
    "again": lazy_gettext("Read again"),
    "stop": lazy_gettext("Stop"),
    "unknown": lazy_gettext("Unknown tag"),
    "hold": lazy_gettext("Hold"),
    "down": lazy_gettext("Reader down"),
    "quiet": lazy_gettext("Offline"),
    "waiting": lazy_gettext("Not yet"),
    "of": lazy_gettext("of %(count)s"),
    "unit unknown": lazy_gettext("unknown"),
    "unit read": lazy_gettext("read"),
    "do gate": lazy_gettext("Push the carton through the gate"),
    "do table": lazy_gettext("Scan the ticket or the label first"),
    "do line": lazy_gettext("Scan them one after another"),
    "is open": lazy_gettext("%(thing)s is open"),
    "done of": lazy_gettext("%(done)s of %(pieces)s done"),
    "keep moving": lazy_gettext("Keep moving"),
    "carton": lazy_gettext("carton %(name)s"),
    "order": lazy_gettext("order %(order)s"),
    "to": lazy_gettext("to %(place)s"),
    "go to": lazy_gettext("Take it on to %(place)s"),
    "go on": lazy_gettext("Go on"),
    "turn": lazy_gettext("Turn the carton, push it through once more"),
    "last seen": lazy_gettext("Last seen %(place)s, %(time)s"),
    "thing last seen": lazy_gettext("%(thing)s, last seen %(place)s"),
    "last seen at": lazy_gettext("Last seen %(time)s"),
    "never seen": lazy_gettext("Nobody has seen it yet"),
    "more": lazy_gettext("and %(count)s more"),
    "is missing": lazy_gettext("%(count)s missing"),
    "too many": lazy_gettext("%(count)s too many"),
    "other carton": lazy_gettext("%(count)s of another carton"),
    "not for here": lazy_gettext("%(count)s not for this place"),
    "belongs to": lazy_gettext("%(thing)s belongs to %(carton)s"),
    "nothing open": lazy_gettext("Nothing is open here"),
    "take out": lazy_gettext("Take out"),
    "take to": lazy_gettext("Take it to"),
    "not read": lazy_gettext("Not read"),
    "aside": lazy_gettext("Put it aside"),
    "blank one": lazy_gettext("1 tag that was never written: give it a number first"),
    "blank many": lazy_gettext("%(count)s tags that were never written: give them a number first"),
    "no tag word": lazy_gettext("No tag"),
    "no tag": lazy_gettext("Something went through, and no tag answered"),
    "two codes": lazy_gettext("Two codes disagree"),
    "two codes say": lazy_gettext("The label says %(label)s, the tag %(tag)s. Put it aside"),
    "not told": lazy_gettext("Nobody has said what is in it"),
    "read of": lazy_gettext("%(read)s of %(expected)s read"),
    "do not move": lazy_gettext("Do not move"),
    "call": lazy_gettext("Call %(contact)s"),
    "use scanner": lazy_gettext("Use the hand scanner"),
    "plug": lazy_gettext("Push the plug in until the lamp turns on"),
    "silent since": lazy_gettext("Nothing heard from %(reader)s since %(time)s."),
    "kept": lazy_gettext("Everything read before is kept."),
    "before": lazy_gettext("Shown before: %(word)s"),
    "not heard": lazy_gettext("This gate has not spoken yet"),
    "not heard line": lazy_gettext("Its station tells this page by itself, as soon as it runs."),
    "last word": lazy_gettext("Last word: %(word)s, %(time)s"),
    "offline": lazy_gettext("Offline"),
    "for": lazy_gettext("%(age)s · %(count)s waiting"),
    "now waiting": lazy_gettext("· %(count)s waiting"),
    "all kept": lazy_gettext("All kept on this station. Go on working."),
    "no word": lazy_gettext("No word from the gate since %(time)s. It keeps all that it reads."),
    "note ready": lazy_gettext("Scan any label: its story is shown here"),
    "note reading": lazy_gettext("Done when no new tag comes"),
    "note pass": lazy_gettext("Goes on by itself"),
    "note hold": lazy_gettext("Opens only when quality releases %(hold)s"),
    "note down": lazy_gettext("A hand scanner at this screen works"),
    "show missing": lazy_gettext("Show what is missing"),
    "show tags": lazy_gettext("Show the tags"),
    "show held": lazy_gettext("Show what was read"),
    "seen": lazy_gettext("Seen, be quiet"),
    "sound on": lazy_gettext("Sound on"),
    "sound off": lazy_gettext("Sound off"),
    "sound locked": lazy_gettext("Touch for sound"),
    "seconds": lazy_gettext("%(seconds)s s"),
    "minutes": lazy_gettext("%(minutes)s min"),
    "hours": lazy_gettext("%(hours)s h %(minutes)s"),
    "days": lazy_gettext("%(days)s d %(hours)s h"),
}
"""Every sentence of the screen; the page gets them all, so that it needs no network to speak."""


def sentences() -> dict[str, str]:
    """Return all sentences in the page's language, with their places still open."""
    return {name: str(text) for name, text in SENTENCES.items()}


def say(name: str, /, **values: object) -> str:
    """Return one sentence in the page's language, filled in."""
    text = str(SENTENCES[name])
    return text % values if values else text


def age(span: timedelta) -> str:
    """Write how long something lasts, as the page's own clock does: 40 s, 12 min, 3 h 04."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return say("seconds", seconds=seconds)
    if seconds < 3600:
        return say("minutes", minutes=seconds // 60)
    if seconds < 86_400:
        return say("hours", hours=seconds // 3600, minutes=f"{seconds // 60 % 60:02d}")
    return say("days", days=seconds // 86_400, hours=seconds // 3600 % 24)
