"""Which pictures are kept as files, to be compared letter by letter?

`python -m tests.render.golden_files` writes them anew; look at the difference before you keep it.
"""

from __future__ import annotations

from pathlib import Path

from interpreters.render import draw, to_dot, to_mermaid, to_text
from tests.render import sample_operators as operators
from tests.render import sample_workflows as samples

FOLDER = Path(__file__).parent / "goldens"


def pictures() -> dict[str, str]:
    """Return the text of each file by its name."""
    drawings = {
        "small": draw(samples.small()),
        "medium": draw(samples.medium()),
        "medium_instance": draw(samples.medium(), progress=samples.medium_progress()),
        "failed_instance": draw(samples.medium(), progress=samples.failed_progress()),
        "every_node": draw(samples.every_node()),
        "recursion": draw(samples.recursion(), progress=samples.recursion_progress(1000), most=12),
    }
    together = operators.together()
    drawings |= {f"together_{size}": draw(workflow) for size, (workflow, _) in together.items()}
    drawings |= {
        f"together_{size}_instance": draw(workflow, progress=so_far) for size, (workflow, so_far) in together.items()
    }
    drawings |= {name: draw(sample.program) for name, sample in operators.operators().items()}
    formats = {"txt": to_text, "mmd": to_mermaid, "dot": to_dot}
    made = {f"{name}.{ending}": form(drawing) for name, drawing in drawings.items() for ending, form in formats.items()}
    instances = {name: draw(it.program, progress=it.progress) for name, it in operators.operators().items()}
    made |= {f"{name}_instance.txt": to_text(drawing) for name, drawing in instances.items()}
    made |= {f"{name}_instance.dot": to_dot(instances[name]) for name in ("handlers", "paused")}
    return made | {f"{size}_columns.txt": to_text(instances["paused"], width=size) for size in (60, 80)}


if __name__ == "__main__":
    for file_name, text in pictures().items():
        (FOLDER / file_name).write_text(text, encoding="utf-8")
