"""The commands of `genzoo`, a file each: parse, call, print."""
