"""The verification report is what its record and the files at hand say."""

import json

from tests import verification


def test_the_report_is_current() -> None:
    told = json.loads(verification.RECORD.read_text(encoding="utf-8"))
    new = verification.report(told)
    assert verification.REPORT.read_text(encoding="utf-8") == new, (
        "run python -m tests.verification"
    )


def test_every_recorded_test_passed_and_still_exists() -> None:
    told = json.loads(verification.RECORD.read_text(encoding="utf-8"))
    for key, _, _ in verification.GROUPS:
        for name, outcome in told["tests"][key].items():
            file, _, test = name.partition("::")
            assert outcome != "failed", name
            text = (verification.ROOT / file).read_text(encoding="utf-8")
            assert f"def {test}(" in text, f"{name} is gone: python -m tests.verification --record"
