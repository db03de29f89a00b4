"""Write the files that are generated from the models: `python -m pilothouse.catalog --help`."""

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Final

from pilothouse.catalog import crds, pages, podtemplate

TEMPLATE = Path(__file__).with_name("podtemplate.json")
CHART: Final = Path("charts/pilothouse/templates/crds")
HELM_METADATA: Final = """\
  labels:
    {{- include "pilothouse.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
"""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m pilothouse.catalog", description="Write generated files.")
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser("crds", help="write the custom resource definitions")
    one.add_argument("--out", type=Path, default=Path("crds"), metavar="DIR", help="where to (default: %(default)s)")
    one.add_argument(
        "--chart",
        type=Path,
        default=CHART,
        metavar="DIR",
        help="where to write the chart's templates (default: %(default)s)",
    )
    one.set_defaults(run=lambda given: write_crds(given.out, given.chart))
    one = commands.add_parser("docs", help="write the reference pages")
    one.add_argument("--out", type=Path, default=Path("docs"), metavar="DIR", help="where to (default: %(default)s)")
    one.set_defaults(run=lambda given: write_docs(given.out))
    one = commands.add_parser(
        "podtemplate",
        help="write the pod template's schema from an API server's OpenAPI v3 document on standard input",
        description="kubectl get --raw /openapi/v3/api/v1 | python -m pilothouse.catalog podtemplate",
    )
    one.add_argument("--out", type=Path, default=TEMPLATE, metavar="FILE", help="where to (default: %(default)s)")
    one.set_defaults(run=lambda given: write_template(sys.stdin.read(), given.out))
    given = parser.parse_args(arguments)
    given.run(given)


def write_crds(folder: Path, chart: Path) -> None:
    """Write every definition into `folder`, and as a template of Helm into `chart`."""
    for out in (folder, chart):
        out.mkdir(parents=True, exist_ok=True)
    for name, text in crds.files().items():
        (folder / name).write_text(text, encoding="utf-8")
        (chart / name).write_text(helm_template(text), encoding="utf-8")


def helm_template(definition: str) -> str:
    """Return the text of a definition as the chart installs it: with its labels, if at all, and kept if so wished."""
    escaped = definition.replace("{{", '{{ "{{" }}')
    head, name, body = re.split(r"^(metadata:\n  name: .+\n)", escaped, maxsplit=1, flags=re.MULTILINE)
    return f"{{{{- if .Values.crds.enabled }}}}\n{head}{name}{HELM_METADATA}{body}{{{{- end }}}}\n"


def write_docs(folder: Path) -> None:
    """Write every reference page into `folder`."""
    for name, text in pages.files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def write_template(openapi: str, file: Path) -> None:
    """Write the pod template's schema into `file`, from the answer to GET /openapi/v3/api/v1."""
    schema = podtemplate.extract(json.loads(openapi))
    file.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
