"""Judges one Autobahn run: `report.py DIR`, where DIR holds index.json and expected.txt.

Prints a table of counts per group, then each case that is not OK. Exits 1 unless every expected case
was reported, behaved OK and closed OK.
"""

import collections
import json
import pathlib
import sys
import textwrap

# What the suite never calls OK, because RFC 6455 does not say what an endpoint must do: a close in the
# middle of a large message that is still on its way (7.1.6), and close codes no registry covers (7.13.*).
INFORMATIONAL = {"7.1.6", "7.13.1", "7.13.2"}
COLUMNS = ["OK", "INFORMATIONAL", "NON-STRICT", "UNIMPLEMENTED", "FAILED", "MISSING", "BAD CLOSE"]
TITLES = {
    "1": "framing", "2": "pings and pongs", "3": "reserved bits", "4": "opcodes", "5": "fragmentation",
    "6": "UTF-8", "7": "close", "9": "limits", "10": "auto-fragmentation",
    "12": "compression", "13": "compression offers",
}  # fmt: skip


def sort_key(case):
    return [int(part) for part in case.split(".")]


def verdict(case, result):
    """(behaviour, close behaviour, is it good?)"""
    if result is None:
        return "MISSING", "-", False
    behaviour, close = result["behavior"], result["behaviorClose"]
    accepted = {"OK", "INFORMATIONAL"} if case in INFORMATIONAL else {"OK"}
    return behaviour, close, behaviour in accepted and close in accepted


def main(directory):
    expected = (directory / "expected.txt").read_text().split()
    if not expected:
        sys.exit("no case was selected")
    try:
        agents = json.loads((directory / "index.json").read_text())
    except FileNotFoundError:
        agents = {}
    results = {case: result for agent in agents.values() for case, result in agent.items()}

    counts = collections.defaultdict(collections.Counter)
    remarks, missing, bad = [], [], 0
    for case in sorted(set(expected) | set(results), key=sort_key):
        behaviour, close, good = verdict(case, results.get(case))
        row = counts[case.split(".")[0]]
        row[behaviour if behaviour in COLUMNS else "FAILED"] += 1
        row["BAD CLOSE"] += close not in ("OK", "INFORMATIONAL", "-")
        bad += not good
        if behaviour == "MISSING":
            missing.append(case)
        elif (behaviour, close) != ("OK", "OK"):
            remarks.append(f"  {case:10} {behaviour:14} close {close:20} {'' if good else '<-- bad'}".rstrip())

    line = "{:24}" + " {:>13}" * len(COLUMNS)
    print(line.format("group", *COLUMNS))
    for group, row in counts.items():
        print(line.format(f"{group}.* {TITLES.get(group, '')}", *(row[column] for column in COLUMNS)))
    total = sum(counts.values(), collections.Counter())
    print(line.format("all", *(total[column] for column in COLUMNS)))
    if remarks:
        print("cases that are not OK:", *remarks, sep="\n")
    if missing:
        print(textwrap.fill("cases without a result: " + " ".join(missing), 120, subsequent_indent="  "))
    print(f"{sum(total[column] for column in COLUMNS[:-1]) - bad} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
