"""Makes the tones of the doors: static/sounds/<tone>.wav, one per tone, a few kilobytes each."""

import math
import struct
import wave
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "static" / "sounds"
RATE = 11_025
# Each tone: notes as (hertz, seconds). Rising welcomes, level asks, falling stops, down and up takes back.
TONES: dict[str, list[tuple[float, float]]] = {
    "welcome": [(659.3, 0.09), (987.8, 0.22)],
    "attention": [(587.3, 0.12), (0, 0.05), (587.3, 0.18)],
    "stop": [(311.1, 0.16), (207.7, 0.30)],
    "undone": [(659.3, 0.1), (493.9, 0.1), (659.3, 0.16)],
}


def samples(notes: list[tuple[float, float]]) -> bytes:
    """8-bit mono: a soft attack, a fading end and one overtone, so that it is heard over a hall without hurting."""
    out = bytearray()
    for hertz, seconds in notes:
        count = int(RATE * seconds)
        for number in range(count):
            at = number / RATE
            loudness = min(1.0, number / 90) * (1 - number / count) ** 0.7
            value = 0.8 * math.sin(2 * math.pi * hertz * at) + 0.2 * math.sin(4 * math.pi * hertz * at)
            out += struct.pack("B", int(128 + 110 * loudness * value))
    return bytes(out)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, notes in TONES.items():
        with wave.open(str(FOLDER / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(1)
            file.setframerate(RATE)
            file.writeframes(samples(notes))


if __name__ == "__main__":
    main()
