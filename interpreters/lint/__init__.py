"""What is doubtful in a workflow, as far as its value tells? Each rule is a pure function in a file of its own."""

from interpreters.lint.finding import Finding, Level
from interpreters.lint.rules import RULES, lint, problems

__all__ = ["RULES", "Finding", "Level", "lint", "problems"]
