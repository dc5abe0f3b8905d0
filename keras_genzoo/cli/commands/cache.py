"""`genzoo cache`: what is kept in the cache on this machine, and its removal."""

import argparse

from keras_genzoo.printable import columns, duration, printable

EPILOG = """examples:
  genzoo cache                               what there is: images of folders, features, converted weights
  genzoo cache --remove photos-64x3          the beginning of a name will do
  genzoo cache --all

What is removed is made anew when a training or an evaluation needs it. GENZOO_CACHE says where the cache is."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds this command's options."""
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--remove", metavar="NAME", nargs="+", help="entries to remove; nothing is asked")
    chosen.add_argument("--all", action="store_true", help="remove all entries; nothing is asked")


def run(args: argparse.Namespace) -> int:
    """Lists the entries, or removes them; 1 if one could not be removed, else 0."""
    from keras_genzoo.artifacts.caches import list_cache, remove_cached
    from keras_genzoo.data.prepared import cache_folder

    if args.remove or args.all:
        removed, left = remove_cached(None if args.all else args.remove)
        print(f"{len(removed):,} entries removed, {_mib(sum(entry.size for entry in removed))} freed")
        for entry in left:
            print(f"not removed: {printable(entry.name)}: another process is making it, or the system refuses")
        return 1 if left else 0
    entries = list_cache()
    rows = []
    for entry in entries:
        about = f", of {printable(entry.about)}" if entry.about else ""
        unused = f"used {duration(entry.unused)} ago"
        rows.append((printable(entry.name), f"{entry.kind:8}  {_mib(entry.size):>12}  {unused}{about}"))
    if rows:
        print(columns(rows, indent=0))
    print(f"{len(entries):,} entries, {_mib(sum(entry.size for entry in entries))}, in {printable(cache_folder())}")
    return 0


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f} MiB"
