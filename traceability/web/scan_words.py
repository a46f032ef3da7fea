"""The words of the scan page, all in one place: the page carries them to speak without a network.

>>> sorted(SENTENCES)[:2]
['all sent', 'bad pieces']
"""

from __future__ import annotations

from traceability.web.sentences import LazyString, lazy_gettext

SENTENCES: dict[str, LazyString] = {
    "ready": lazy_gettext("Ready"),
    "first": lazy_gettext("Scan the first code."),
    "type first": lazy_gettext("Type the number that stands under the bars, then Enter."),
    "heard": lazy_gettext("Heard"),
    "heard line": lazy_gettext("Go on: the answer is on its way."),
    "kept": lazy_gettext("Kept"),
    "kept line": lazy_gettext(
        "No server is reached. All is kept on this device and sent by itself. Go on working."
    ),
    "waiting unit": lazy_gettext("waiting"),
    "unit tickets": lazy_gettext("tickets"),
    "unit pieces": lazy_gettext("pieces"),
    "waiting": lazy_gettext("%(count)s waiting"),
    "all sent": lazy_gettext("All is sent"),
    "offline": lazy_gettext("Offline"),
    "since now": lazy_gettext("for less than a minute"),
    "since minutes": lazy_gettext("for %(count)s min"),
    "since hours": lazy_gettext("for %(count)s h"),
    "of": lazy_gettext("of %(count)s"),
    "today": lazy_gettext("%(count)s today"),
    "undo name": lazy_gettext("Undo %(name)s"),
    "nothing to undo": lazy_gettext("There is nothing here that can be taken back."),
    "was put away": lazy_gettext("What was open is put away. Scan the next code."),
    "undoing": lazy_gettext("Being taken back"),
    "refused": lazy_gettext("Not taken"),
    "send again": lazy_gettext("Send it again"),
    "not kept": lazy_gettext("Not kept"),
    "not kept line": lazy_gettext(
        "This browser keeps nothing (%(reason)s): scan again in a window that is not private, "
        "or write the code down."
    ),
    "closed": lazy_gettext("Link ended"),
    "closed line": lazy_gettext(
        "The link of this device has ended. Scans are kept here; open a new link and they are sent."
    ),
    "no step": lazy_gettext("Which step?"),
    "no step line": lazy_gettext("Choose the step again. Scans are kept here until then."),
    "choose": lazy_gettext("Choose the step"),
    "nobody": lazy_gettext("Nobody"),
    "bad pieces": lazy_gettext("Some are bad"),
    "good of": lazy_gettext("%(good)s of %(pieces)s are good"),
    "too many bad": lazy_gettext("The ticket has only %(pieces)s pieces"),
    "roll first": lazy_gettext("The first roll of its lot: say once what it is."),
    "roll next": lazy_gettext("Filled in as the roll before. Press Enter if it is the same lot."),
    "same lot": lazy_gettext("Same lot"),
    "take roll": lazy_gettext("Take the roll in"),
    "roll amount": lazy_gettext(
        "%(amount)s is no amount: write a number above zero, such as 92.5."
    ),
    "something else": lazy_gettext("It is something else"),
    "bind name": lazy_gettext("Touch one of these, or type a name."),
    "bind number": lazy_gettext("Type how many pieces it has, such as 20."),
    "camera on": lazy_gettext("Camera"),
    "camera off": lazy_gettext("Camera off"),
    "no camera word": lazy_gettext("No camera"),
    "no camera": lazy_gettext("This device shows no camera. Type the code, or use a scanner."),
    "no camera http": lazy_gettext(
        "This page came over plain http, and browsers open the camera only over a trusted "
        "connection. Open it over https, or type the codes."
    ),
    "camera refused": lazy_gettext(
        "The browser was not allowed to use the camera. Allow it beside the address, or type "
        "the codes."
    ),
    "camera taken": lazy_gettext(
        "Another program holds the camera. Close it and touch Camera again, or type the codes."
    ),
    "phones": lazy_gettext("How to open it on a phone"),
    "gone": lazy_gettext(
        "The PC at %(address)s is silent. If a new one took its place: give it this address, "
        "and the %(count)s scans kept here go to it by themselves. Until then do not delete "
        "the data of this browser."
    ),
    "no worker": lazy_gettext(
        "Here the page is kept only while it is open. Scans that wait are kept anyway."
    ),
    "sound on": lazy_gettext("Sound on"),
    "sound off": lazy_gettext("Sound off"),
    "sound locked": lazy_gettext("Touch for sound"),
}


def sentences() -> dict[str, str]:
    """Return all words in the language of the request; values stay as ``%(name)s`` in them."""
    return {name: str(words) for name, words in SENTENCES.items()}
