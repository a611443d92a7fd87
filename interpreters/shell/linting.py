"""The command `wio lint`: what is doubtful in a workflow?"""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from cyclopts import Parameter

from interpreters.lint.finding import Finding, Level
from interpreters.lint.rules import lint as findings_in
from interpreters.shell import options
from interpreters.shell.exit_codes import ERROR
from interpreters.shell.output import Column, print_json, print_table
from interpreters.shell.targets import load


def lint(
    workflow: options.WorkflowName,
    /,
    *,
    strict: Annotated[
        bool, Parameter(name="--strict", negative="", help="Let the exit code be 1 for a warning, too.")
    ] = False,
    json: options.AsJson = False,
) -> int:
    """Report what is doubtful in a workflow before it runs. The exit code is 1 when something is an error."""
    found = load(workflow).workflow
    findings = findings_in(found)
    if json:
        print_json([_as_json(finding) for finding in findings])
    else:
        _print(findings)
        print(f"{found.name} v{found.version}: {_counted(findings)}")
    refused = (Level.ERROR, Level.WARNING) if strict else (Level.ERROR,)
    return ERROR if any(finding.level in refused for finding in findings) else 0


def _print(findings: tuple[Finding, ...]) -> None:
    if findings:
        rows = [(finding.level.value, finding.rule, finding.address, finding.message) for finding in findings]
        print_table((Column("level"), Column("rule"), Column("address", "bold"), Column("what", prose=True)), rows)


def _counted(findings: tuple[Finding, ...]) -> str:
    counts = Counter(finding.level for finding in findings)
    words = [f"{counts[level]} {level.value}" + ("s" if counts[level] > 1 else "") for level in Level if counts[level]]
    return ", ".join(words) or "nothing to report"


def _as_json(finding: Finding) -> dict[str, object]:
    return {
        "level": finding.level.value,
        "rule": finding.rule,
        "address": finding.address,
        "message": finding.message,
    }
