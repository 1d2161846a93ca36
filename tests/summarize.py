#!/usr/bin/env python3
"""Says in a few lines how a run of the tests went: summarize.py JUNIT.XML PASSED FAILED

The file is what ctest --output-junit writes; PASSED and FAILED count what was run beside ctest. Prints the failed tests,
one line for each reason for which tests were skipped, with their number, and at the end "N passed, N failed". Exit code
1 if anything failed or nothing was run.
"""
import collections
import re
import sys
import xml.etree.ElementTree as ElementTree


def reason(output, message):
    """Why a test was skipped: GoogleTest prints "FILE:LINE: Skipped" and then the reason, scripts "skipped: REASON"."""
    found = re.search(r": Skipped\n+(.*)", output) or re.search(r"^skipped: (.*)", output, re.M)
    text = found.group(1).strip() if found else (message or "no reason given")
    # One reason, though each test names its own file or directory.
    return re.sub(r"/\S+", "...", text) or "no reason given"


def main():
    junit, passed, failed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    names_failed, skipped = [], collections.Counter()
    try:
        cases = ElementTree.parse(junit).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError) as e:
        print(f"no result of ctest: {e}")
        cases, failed = [], failed + 1
    for case in cases:
        status = case.get("status")
        note = case.find("skipped")
        output = case.findtext("system-out") or ""
        if status == "run":
            passed += 1
        elif note is not None or status in ("notrun", "disabled"):
            # What could not be started, or stands on a fixture that failed, was not skipped by its own decision.
            by_itself = ": Skipped" in output or re.search(r"^skipped", output, re.M)
            if by_itself or status == "disabled":
                skipped[reason(output, note.get("message") if note is not None else status)] += 1
            else:
                names_failed.append(f"{case.get('name')} (not run: {note.get('message') if note is not None else status})")
        else:
            names_failed.append(case.get("name"))
    failed += len(names_failed)
    for name in names_failed:
        print(f"failed: {name}")
    print(f"{sum(skipped.values())} skipped")
    for text, number in skipped.most_common():
        print(f"  {number} because: {text}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or passed == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
