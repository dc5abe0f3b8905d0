"""The time that `import keras_genzoo` adds to `import keras`, and that of commands, in clean processes, in turn.

python benchmarks/import_time.py [--rounds 9]
"""

import argparse
import statistics
import subprocess
import sys
import time

CODE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"
COMMANDS = ("--help", "presets", "doctor nowhere", "train vae_drawn_face_32", "evaluate nowhere", "presets --schema")
"""Those that need no tensors; the last one makes the schema of the constructors, which takes Keras."""


def seconds(modules: str) -> float:
    """Seconds that the imports take in a new process."""
    done = subprocess.run([sys.executable, "-c", CODE.format(modules)], capture_output=True, text=True, check=True)
    return float(done.stdout)


def seconds_of_command(words: str) -> float:
    """Seconds that `genzoo` takes, from its start to its end."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-m", "keras_genzoo", *words.split()], capture_output=True, check=False)
    return time.perf_counter() - start


def main() -> None:
    """Prints the medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    seconds("keras, keras_genzoo")  # the first fills the file cache
    pairs = [(seconds("keras"), seconds("keras, keras_genzoo")) for _ in range(rounds)]
    keras, both = (statistics.median(times) for times in zip(*pairs, strict=True))
    extra = statistics.median(b - a for a, b in pairs)
    print(f"import keras {keras:.2f} s, with keras_genzoo {both:.2f} s, beyond it {extra:+.2f} s ({rounds} pairs)")
    taken = [[seconds_of_command(words) for words in COMMANDS] for _ in range(rounds)]
    for words, times in zip(COMMANDS, zip(*taken, strict=True), strict=True):
        print(f"genzoo {words}: {statistics.median(times):.2f} s, {min(times):.2f} to {max(times):.2f}")


if __name__ == "__main__":
    main()
