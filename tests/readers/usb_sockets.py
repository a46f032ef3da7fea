"""What a kernel shows of its USB sockets, written down as files."""

from __future__ import annotations

from pathlib import Path


def plug(
    system: Path,
    place: str,
    usb: str,
    *,
    name: str = "",
    interface: tuple[int, int] = (0xFF, 0),
    driver: str = "",
    port: str = "",
    seconds: float | None = None,
) -> None:
    """Put a device into a socket.

    Args:
        system: The folder that plays `/sys`.
        place: Its socket, such as `1-2`.
        usb: `vid:pid`.
        name: What its maker calls it.
        interface: Class and protocol of its one interface.
        driver: Who drives it; empty: nobody.
        port: Its serial port, such as `ttyUSB0`.
        seconds: For how long it has been there.
    """
    device = system / "bus/usb/devices" / place
    part = device / f"{place}:1.0"
    part.mkdir(parents=True)
    vendor, _, product = usb.partition(":")
    files = {"idVendor": vendor, "idProduct": product, "bDeviceClass": "00", "product": name}
    for file, text in files.items():
        (device / file).write_text(text + "\n")
    (part / "bInterfaceClass").write_text(f"{interface[0]:02x}\n")
    (part / "bInterfaceProtocol").write_text(f"{interface[1]:02x}\n")
    if driver:
        (system / "drivers" / driver).mkdir(parents=True, exist_ok=True)
        (part / "driver").symlink_to(system / "drivers" / driver)
    if port:
        (part / port).mkdir()
    if seconds is not None:
        (device / "power").mkdir()
        (device / "power/connected_duration").write_text(f"{int(seconds * 1000)}\n")
