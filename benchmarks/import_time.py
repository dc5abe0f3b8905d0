"""The time that `import keras_genzoo` adds to `import keras`, in clean processes, in turn.

python benchmarks/import_time.py [--rounds 9]
"""

import argparse
import statistics
import subprocess
import sys

CODE = "import time; start = time.perf_counter(); import {}; print(time.perf_counter() - start)"


def seconds(modules: str) -> float:
    """Seconds that the imports take in a new process."""
    done = subprocess.run([sys.executable, "-c", CODE.format(modules)], capture_output=True, text=True, check=True)
    return float(done.stdout)


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


if __name__ == "__main__":
    main()
