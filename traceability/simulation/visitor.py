"""What a visitor's wish does to the factory: the other side of `control`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from traceability.database import file_url
from traceability.gs1 import identify_epc
from traceability.simulation import floor
from traceability.simulation.acts import Acts, utc_now
from traceability.simulation.control import BadWish, Json
from traceability.simulation.factory import Factory, Wire, without
from traceability.simulation.goods import Garment
from traceability.simulation.jobs import Beep, Job, Show, Step
from traceability.simulation.processes import Relay
from traceability.simulation.tampering import Tampering

__all__ = ["Visitor"]

_HOLD_S: Final = 1.2
"""How long a visitor's thing is held before an antenna."""
_BETWEEN_S: Final = 2.5
"""Between two pushes of one carton: the gate must have judged the first, and somebody read it."""
_LOOK_S: Final = 45.0
"""How long the carton that was stopped stays the visitor's, so that he can look at the gate."""
_THINGS_A_PLACE: Final = 3
"""Garments offered for waving from each place."""


class Visitor:
    """Does wishes on a running factory; each method returns at once with what was begun."""

    def __init__(
        self,
        factory: Factory,
        wires: dict[str, Wire],
        relay: Relay,
        tampering: Tampering | None,
        processes: Callable[[], Json],
    ) -> None:
        """Take the visitor in.

        Args:
            factory: The workers; they share stations with the visitor.
            wires: The emulated readers by name.
            relay: The cable between stations and server.
            tampering: A hand in the database's file; None if it is not a file.
            processes: Tells the process numbers of server and stations.
        """
        self._factory = factory
        self._wires = wires
        self._relay = relay
        self._tampering = tampering
        self._processes = processes
        plan = factory.plan
        self._garments = {
            garment.key: garment
            for order in plan.orders
            for bundle in order.bundles
            for garment in bundle.garments
        }
        self._tagged = {garment.key for garment in plan.tagged_garments}
        self._by_tag = {garment.tag: garment for garment in plan.tagged_garments}
        # Cartons a visitor has in hand, and until when (monotonic); guarded by the lock.
        self._lock = threading.Lock()
        self._in_hand: dict[int, float] = {}
        self._network_until = 0.0
        self._acts = Acts()
        # What the stations counted as noise, by reader; written by the thread that hears.
        self._noise: dict[str, int] = {}

    def hear(self, state: Mapping[str, Any]) -> None:  # JSON of a station
        """Take what a station's screen says now: it may be an answer to the visitor."""
        for reader in state.get("readers") or ():
            self._noise[str(reader["name"])] = int(reader["noise"])
        self._acts.hear(state)

    # --- what there is ---------------------------------------------------------------------

    def state(self) -> Json:
        """Tell what there is to play with."""
        factory, plan = self._factory, self._factory.plan
        return {
            "garments": plan.pieces,
            "jobs": len(plan.jobs),
            "done": factory.done_count,
            "put_aside": list(factory.put_aside),
            "readers": [
                {
                    "name": reader.name,
                    "title": reader.title,
                    "station": station.name,
                    "protocol": reader.protocol,
                    "means": reader.means,
                    "plugged": factory.is_plugged(reader.name),
                    "noise": self._noise.get(reader.name, 0),
                }
                for station in floor.STATIONS
                for reader in station.readers
            ],
            "stations": [
                {
                    "name": station.name,
                    "title": station.title,
                    "gate": station.is_gate,
                    "place": station.place,
                }
                for station in floor.STATIONS
            ],
            "cartons": [self._carton(job) for job in self._pushable()],
            "things": self._things(),
            "stranger": plan.foreign_tag.hex(),
            "acts": self._acts.tree(),
            "story": self._story(),
            "tampered": self._tampering.position if self._tampering else None,
            "database": file_url(self._tampering.path) if self._tampering else None,
            "network": "cut" if self._relay.is_cut else "up",
            "processes": self._processes(),
            "orders": [
                {"number": order.number, "title": order.title, "marked": order.marked}
                for order in plan.orders
            ],
        }

    def _carton(self, job: Job) -> Json:
        assert job.carton is not None
        return {
            "key": job.carton.key,
            "label": job.carton.scan[0],
            "pieces": job.carton.pieces,
            "has_tags": job.carton.tag is not None,
        }

    def _things(self) -> list[Json]:
        """Name a few tagged garments that exist by now, those that came furthest first."""
        last: dict[str, tuple[Garment, str]] = {}
        for job in self._factory.plan.jobs:
            if self._factory.is_done(job):
                inside = job.carton.garments if job.carton else ()
                shown = {tag for step in job.steps if isinstance(step, Show) for tag in step.tags}
                for garment in inside or self._sewn(shown):
                    if garment.key in self._tagged:
                        last[garment.key] = (garment, job.station)
        found: list[Json] = []
        for station in reversed(floor.STATIONS):
            there = [garment for garment, name in last.values() if name == station.name]
            found += [
                {"key": one.key, "name": one.product.name, "station": station.name}
                for one in there[-_THINGS_A_PLACE:]
            ]
        return found

    def _sewn(self, tags: set[bytes]) -> list[Garment]:
        return [self._by_tag[tag] for tag in sorted(tags) if tag in self._by_tag]

    def _story(self) -> Json:
        """Name the bad roll, and one garment from it that a customer has by now."""
        plan = self._factory.plan
        sold: Garment | None = None
        for job in plan.jobs:
            if job.station == floor.STATIONS[-1].name and self._factory.is_done(job):
                bad = set(plan.bad_garments)
                inside = job.carton.garments if job.carton else ()
                sold = next((garment for garment in inside if garment in bad), sold)
        roll = plan.bad_roll
        return {
            "roll": roll.key,
            "roll_name": roll.lot,
            "dye_lot": roll.dye_lot,
            "pieces": len(plan.bad_garments),
            "garment": sold.key if sold else None,
            "garment_name": sold.product.name if sold else None,
        }

    # --- wishes ------------------------------------------------------------------------------

    def wave(self, *, tag: bytes | None, garment: str | None, reader: str | None) -> Json:
        """Hold a tag, or a garment's tag or code, before a reader for a moment."""
        step: Step
        name = ""
        if tag is not None:
            step = Show((tag,))
            key = identify_epc(tag).key or ""
        else:
            thing = self._garments.get(garment or "")
            if thing is None:
                raise BadWish(f"No garment {garment!r} is made in this demo.", 404)
            is_radio = self._means(reader) == "antenna" if reader else thing.key in self._tagged
            step = Show((thing.tag,)) if is_radio else Beep(*thing.scan)
            key, name = thing.key, thing.product.name
        if reader is None:
            gate = next(station for station in floor.STATIONS if station.is_gate)
            reader = floor.reader_for(gate.name, step).name
        if (self._means(reader) == "antenna") != isinstance(step, Show):
            raise BadWish(f"Reader {reader} cannot read radio tags: choose one that does.")
        station = reader.rpartition(".")[0]
        done: Json = {"reader": reader, "station": station, "key": key, "name": name}
        self._acts.begin("wave", done, station=station, keys=frozenset({key}))
        self._begin(lambda: self._factory.perform(station, [step], hold=_HOLD_S))
        return done

    def push(self, *, carton: str | None, missing: int) -> Json:
        """Push a packed carton through the gate; what is missing is tried once more."""
        job = self._take(carton)
        assert job.carton is not None
        if missing and job.carton.tag is None:
            self._give_back(job, is_done=False)
            raise BadWish(
                f"Carton {job.carton.scan[0]} has no radio tags: the gate takes its contents on "
                "the packing table's word. Choose one with tags."
            )
        left_out = job.carton.garments[len(job.carton.garments) - missing :] if missing else ()
        pushed = without(job, missing) if missing else job
        done: Json = {
            "carton": job.carton.key,
            "label": job.carton.scan[0],
            "pieces": job.carton.pieces,
            "station": job.station,
            "missing": [{"key": garment.key, "name": garment.product.name} for garment in left_out],
        }
        self._acts.begin("push", done, station=job.station, keys=frozenset({job.carton.key}))
        self._begin(lambda: self._push(job, pushed, is_whole=not missing))
        return done

    def unplug(self, *, reader: str, seconds: float) -> Json:
        """Pull a reader's cable for a while."""
        self._means(reader)
        if not self._factory.is_plugged(reader):
            raise BadWish(f"The cable of {reader} is out already.")
        done: Json = {"reader": reader, "seconds": seconds}
        self._acts.begin("unplug", done)
        self._factory.unplug(reader, seconds)
        return done

    def flip(self, *, reader: str, bits: int) -> Json:
        """Disturb what a reader sends next."""
        self._means(reader)
        done: Json = {"reader": reader, "frames": bits, "noise": self._noise.get(reader, 0)}
        self._acts.begin("flip", done)
        self._wires[reader].flip_bits(bits)
        return done

    def network(self, *, seconds: float) -> Json:
        """Cut the stations off the server for a while."""

        def mend() -> None:
            time.sleep(seconds)
            with self._lock:
                # Somebody may have pulled it again meanwhile, for longer.
                if time.monotonic() >= self._network_until:
                    self._relay.mend()
                    self._acts.add("network", ended_at=utc_now().isoformat())

        done: Json = {"seconds": seconds}
        self._acts.begin("network", done)
        with self._lock:
            self._network_until = max(self._network_until, time.monotonic() + seconds)
            self._relay.cut()
        self._begin(mend)
        return done

    def tamper(self) -> Json:
        """Change one digit of a stored record."""
        if self._tampering is None:
            raise BadWish("The demo's database is a server: cheating needs a SQLite file.")
        if self._tampering.position is not None:
            return {"position": self._tampering.position}
        position = self._tampering.change()
        if position is None:
            raise BadWish("Nothing is recorded yet: wait for the first roll.")
        self._acts.begin("tamper", {"position": position})
        return {"position": position}

    def untamper(self) -> Json:
        """Put the record back."""
        if self._tampering is None:
            raise BadWish("The demo's database is a server: cheating needs a SQLite file.")
        position = self._tampering.put_back()
        if position is not None:
            self._acts.add("tamper", put_back_at=utc_now().isoformat())
        return {"position": position}

    # --- how -----------------------------------------------------------------------------------

    def _pushable(self) -> list[Job]:
        """Return the cartons that wait at the gate, the visitor's own first."""
        with self._lock:
            mine = [self._factory.plan.jobs[number] for number in sorted(self._in_hand)]
        return mine + self._factory.waiting_cartons()

    def _take(self, carton: str | None) -> Job:
        jobs = self._pushable()
        if carton is None:
            jobs = [job for job in jobs if job.carton and job.carton.tag is not None] or jobs
        else:
            jobs = [job for job in jobs if job.carton and job.carton.key == carton]
        for job in jobs:
            with self._lock:
                is_mine = job.number in self._in_hand
            if is_mine or self._factory.claim(job):
                with self._lock:
                    self._in_hand[job.number] = time.monotonic() + _LOOK_S
                return job
        wanted = f"Carton {carton} does not wait" if carton else "No carton waits"
        raise BadWish(f"{wanted} at the gate now: one comes as soon as it is packed.")

    def _push(self, job: Job, pushed: Job, *, is_whole: bool) -> None:
        self._factory.perform(job.station, pushed.steps, hold=_HOLD_S)
        if is_whole:
            self._give_back(job, is_done=True)
            return
        time.sleep(_BETWEEN_S)
        self._factory.perform(job.station, pushed.steps, hold=_HOLD_S)
        time.sleep(_LOOK_S)
        with self._lock:
            is_over = time.monotonic() >= self._in_hand.get(job.number, float("inf"))
        if is_over:
            self._give_back(job, is_done=False)

    def _give_back(self, job: Job, *, is_done: bool) -> None:
        with self._lock:
            is_mine = self._in_hand.pop(job.number, None) is not None
        if is_mine:
            self._factory.finish(job, is_done=is_done)

    @staticmethod
    def _means(reader: str) -> str:
        try:
            return floor.reader_named(reader).means
        except KeyError as error:
            known = ", ".join(one.name for place in floor.STATIONS for one in place.readers)
            sentence = f"There is no reader {reader!r}: expected one of {known}."
            raise BadWish(sentence, 404) from error

    @staticmethod
    def _begin(work: Callable[[], None]) -> None:
        threading.Thread(target=work, name="visitor", daemon=True).start()
