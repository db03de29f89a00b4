"""Trace files of every variant are read, and what cannot be read is named to the line."""

from pathlib import Path

import pytest

from pilothouse.desired.placement.packing.shapes import WHOLE, Node, Shape
from tests.bench.placement.__main__ import main
from tests.bench.placement.traces import UnreadableError, read_nodes, read_pods

NODES = "sn,cpu_milli,memory_mib,gpu,model\n"
SHORT = "name,cpu_milli,memory_mib,num_gpu,gpu_milli\n"
LONG = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trace.csv"


PODS = {
    "without a column of models": (SHORT + "p,4000,15258,1,220\n", Shape(4000, 15258, 1, 220)),
    "any model": (LONG + "p,4000,15258,1,220,,LS,Running,1,2,1\n", Shape(4000, 15258, 1, 220)),
    "any model, as pandas writes it": (LONG + "p,4,5,1,220,nan,BE,Failed,1,,\n", Shape(4, 5, 1, 220)),
    "several models": (LONG + "p,4,5,1,1000,V2|V1,LS,Running,1,2,1\n", Shape(4, 5, 1, WHOLE, ("V1", "V2"))),
    "a stray bar": (LONG + "p,4,5,1,1000,V2|,LS,Running,1,2,1\n", Shape(4, 5, 1, WHOLE, ("V2",))),
    "several GPUs": (SHORT + "p,4,5,8,1000\n", Shape(4, 5, 8, WHOLE)),
    "several GPUs and no amount": ("cpu_milli,memory_mib,num_gpu\n4,5,8\n", Shape(4, 5, 8, WHOLE)),
    "more than all of one": (SHORT + "p,4,5,1,1001\n", Shape(4, 5, 1, WHOLE)),
    "numbers with a point": (SHORT + "p,4.0,5.0,1.0,220.0\n", Shape(4, 5, 1, 220)),
    "another order, and spaces": ("gpu_milli, num_gpu,memory_mib,cpu_milli\n220,1, 5,4\n", Shape(4, 5, 1, 220)),
    "blank lines and a mark at the beginning": ("\ufeff" + SHORT + "\np,4,5,1,220\n\n", Shape(4, 5, 1, 220)),
    "lines of Windows": (SHORT.replace("\n", "\r\n") + "p,4,5,1,220\r\n", Shape(4, 5, 1, 220)),
}


@pytest.mark.parametrize(("text", "shape"), PODS.values(), ids=PODS)
def test_every_variant_of_a_pod_is_read(text: str, shape: Shape, file: Path) -> None:
    file.write_text(text, "utf-8", newline="")
    assert read_pods(file) == [shape]


def test_a_pod_without_gpus_asks_for_nothing_of_them(file: Path) -> None:
    """Whatever stands in the columns about GPUs then."""
    file.write_text(
        LONG + "p,4,5,0,0,,LS,Running,0,1,0\nq,4,5,0,,T4,LS,Running,0,1,0\nr,1,1,1,1000,,LS,Running,0,1,0\n"
    )
    assert read_pods(file)[:2] == [Shape(4, 5)] * 2


def test_nodes_are_read_with_and_without_gpus(file: Path) -> None:
    file.write_text(NODES + "a,32000,262144,0,\nb,96000,393216,2,T4\nc,1,1,0,nan\n")
    expected = [Node("a", 32000, 262144), Node("b", 96000, 393216, (WHOLE, WHOLE), "T4"), Node("c", 1, 1)]
    assert read_nodes(file) == expected


WRONG_PODS = {
    "nothing": ("", "is empty; expected columns cpu_milli"),
    "no header": ("p,4,5,1,220\n", "line 1: no column cpu_milli, memory_mib, num_gpu; found p, 4, 5, 1, 220"),
    "no column of memory": ("cpu_milli,num_gpu\n1,1\n", "line 1: no column memory_mib; found cpu_milli, num_gpu"),
    "one column twice": ("cpu_milli,memory_mib,num_gpu,num_gpu\n", "line 1: column num_gpu is there twice"),
    "no pods": (SHORT, "no pod asks for a GPU"),
    "pods without GPUs alone": (SHORT + "p,4,5,0,0\n", "no pod asks for a GPU"),
    "a word": (SHORT + "p,4,5,1,220\np,four,5,1,220\n", "line 3: column cpu_milli is 'four', not a whole number"),
    "no number": (SHORT + "p,4,,1,220\n", "line 2: column memory_mib is '', not a whole number"),
    "a half": (SHORT + "p,4,5,0.5,220\n", "line 2: column num_gpu is '0.5', not a whole number"),
    "less than nothing": (SHORT + "p,-4,5,1,220\n", "line 2: column cpu_milli is '-4', not a whole number"),
    "without end": (SHORT + "p,inf,5,1,220\n", "line 2: column cpu_milli is 'inf', not a whole number"),
    "nothing of a GPU": (SHORT + "p,4,5,1,0\n", "line 2: column gpu_milli .*milli is 0"),
    "shares of several": (SHORT + "p,4,5,2,500\n", "line 2: column gpu_milli .*several accelerators are taken whole"),
    "a short line": (SHORT + "p,4,5,1,220\nq,4\n", "line 3: 2 values for 5 columns"),
    "an open quote": (SHORT + 'p,"4,5,1,220\n', "line 2: is not CSV"),
}


@pytest.mark.parametrize(("text", "said"), WRONG_PODS.values(), ids=WRONG_PODS)
def test_what_is_wrong_with_a_file_of_pods_is_said(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(UnreadableError, match=f"{file}.*{said}"):
        read_pods(file)


WRONG_NODES = {
    "no GPU at all": (NODES + "a,1,1,0,\n", "no node has a GPU"),
    "no name": (NODES + ",1,1,1,T4\n", "line 2: column sn is '', not the name"),
    "one name twice": (NODES + "a,1,1,1,T4\na,1,1,1,T4\n", "line 3: column sn is 'a', which is there twice"),
    "the file of pods": (SHORT + "p,4,5,1,220\n", "line 1: no column sn, gpu, model"),
}


@pytest.mark.parametrize(("text", "said"), WRONG_NODES.values(), ids=WRONG_NODES)
def test_what_is_wrong_with_a_file_of_nodes_is_said(text: str, said: str, file: Path) -> None:
    file.write_text(text)
    with pytest.raises(UnreadableError, match=f"{file}.*{said}"):
        read_nodes(file)


def test_a_file_that_is_no_file_or_no_text_is_named(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--nodes", str(file), "--pods", str(file)]) == 2
    assert capsys.readouterr().err == f"{file}: cannot be read: No such file or directory\n"
    file.write_bytes(NODES.encode() + b"a,1,1,1,\xff\n")
    with pytest.raises(UnreadableError, match="not text in UTF-8"):
        read_nodes(file)
