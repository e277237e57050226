"""packaging/kubernetes/: what it says of the program is so."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from server import HTDOCS, SOURCE, run
from wire import Client

try:
    import yaml
except ImportError:
    yaml = None

pytestmark = pytest.mark.skipif(yaml is None, reason="python3-yaml is missing")
BASE = SOURCE / "packaging" / "kubernetes" / "base"
RULES = SOURCE / "packaging" / "kubernetes" / "rules"
NAME = {"app.kubernetes.io/name": "mtasync"}


def read(path):
    return yaml.safe_load(path.read_text())


@pytest.fixture(scope="module")
def objects():
    """All of the base, by kind."""
    names = read(BASE / "kustomization.yaml")["resources"]
    there = {p.name for p in BASE.iterdir()} - {"kustomization.yaml"}
    assert set(names) == there
    found = [read(BASE / name) for name in names]
    return {each["kind"]: each for each in found}


@pytest.fixture(scope="module")
def pod(objects):
    return objects["Deployment"]["spec"]["template"]["spec"]


@pytest.fixture(scope="module")
def container(pod):
    (only,) = pod["containers"]
    return only


def seconds(text):
    return float(re.fullmatch(r"(\d+)s", text)[1])


def option(arguments, name):
    (value,) = [a for a in arguments if a.startswith(f"--{name}=")]
    return value.partition("=")[2]


def test_all_kinds_are_there(objects):
    assert set(objects) == {
        "Deployment",
        "Service",
        "PodDisruptionBudget",
        "NetworkPolicy",
        "ServiceMonitor",
        "HorizontalPodAutoscaler",
    }


def test_selectors_find_the_pods(objects):
    spec = {kind: each["spec"] for kind, each in objects.items()}
    assert spec["Deployment"]["template"]["metadata"]["labels"] == NAME
    assert spec["Service"]["selector"] == NAME
    assert spec["NetworkPolicy"]["podSelector"] == {"matchLabels": NAME}
    for kind in "Deployment", "PodDisruptionBudget", "ServiceMonitor":
        assert spec[kind]["selector"] == {"matchLabels": NAME}
    assert objects["Service"]["metadata"]["labels"] == NAME
    target = spec["HorizontalPodAutoscaler"]["scaleTargetRef"]
    assert target["kind"] == "Deployment"
    assert target["name"] == objects["Deployment"]["metadata"]["name"]


def test_ports_are_named(objects, container):
    ports = {p["name"] for p in container["ports"]}
    service = {p["name"]: p for p in objects["Service"]["spec"]["ports"]}
    assert {p["targetPort"] for p in service.values()} <= ports
    (endpoint,) = objects["ServiceMonitor"]["spec"]["endpoints"]
    assert endpoint["port"] in service
    for rule in objects["NetworkPolicy"]["spec"]["ingress"]:
        assert {p["port"] for p in rule["ports"]} <= ports
    for kind in "startup", "readiness", "liveness":
        assert container[f"{kind}Probe"]["httpGet"]["port"] in ports


def test_grace_is_longer_than_the_stop(pod, container):
    drain = seconds(option(container["args"], "drain-timeout"))
    before = seconds(option(container["args"], "drain-delay"))
    assert before >= 5 and "lifecycle" not in container
    assert pod["terminationGracePeriodSeconds"] >= before + drain + 5


@pytest.fixture(params=["base", "rules"])
def arguments(request, container, tmp_path):
    """The program's, with this machine's files and ports."""
    given = container["args"]
    if request.param == "rules":
        patch = read(RULES / "deployment.yaml")
        (patched,) = patch["spec"]["template"]["spec"]["containers"]
        assert set(given) < set(patched["args"])
        assert option(patched["args"], "watch-rules")
        given = patched["args"]
    token = tmp_path / "token"
    token.write_text("secret\n")
    token.chmod(0o600)
    here = {
        "0.0.0.0:7879": "0.0.0.0:0",
        "/etc/mtasync/token": str(token),
        "/etc/mtasync-rules/rules.txt": str(RULES / "rules.txt"),
        "/usr/share/mtasync/htdocs": str(HTDOCS),
    }
    for old, new in here.items():
        given = [each.replace(old, new) for each in given]
    return given


def test_other_rules_are_no_other_pods():
    """The ConfigMap keeps its name, and is mounted as a folder: it is read anew."""
    told = read(RULES / "kustomization.yaml")
    assert told["generatorOptions"] == {"disableNameSuffixHash": True}
    (made,) = told["configMapGenerator"]
    patch = read(RULES / "deployment.yaml")["spec"]["template"]["spec"]
    assert patch["volumes"] == [
        {"name": "rules", "configMap": {"name": made["name"]}}
    ]
    (patched,) = patch["containers"]
    (mount,) = patched["volumeMounts"]
    assert "subPath" not in mount
    path = option(patched["args"], "rules")
    assert path == f"{mount['mountPath']}/{made['files'][0]}"


def test_program_takes_the_arguments(arguments):
    done = run("--check", "--listen=127.0.0.1:0", *arguments)
    assert done.returncode == 0, done


def test_probes_and_metrics_are_there(serve, objects, container, arguments):
    server = serve(*arguments[:-1])
    port = int(server.await_output(r"steer on http://[\d.]+:(\d+)/")[1])
    kinds = "startup", "readiness", "liveness"
    with Client(("127.0.0.1", port)) as client:
        for kind in kinds:
            path = container[f"{kind}Probe"]["httpGet"]["path"]
            assert client.ask(path).status == 200
        (endpoint,) = objects["ServiceMonitor"]["spec"]["endpoints"]
        assert client.ask(endpoint["path"]).status == 401
        told = client.ask(endpoint["path"], "Authorization: Bearer secret")
    text = told.body.decode()
    metrics = objects["HorizontalPodAutoscaler"]["spec"]["metrics"]
    ours = [
        m["pods"]["metric"]["name"] for m in metrics if m["type"] == "Pods"
    ]
    assert ours
    for name in ours:
        assert f"# TYPE {name} gauge" in text


def schemas():
    """The directory of npm's packages that has them, if one has."""
    for directory in os.environ.get("NODE_PATH", "").split(":"):
        if pathlib.Path(directory, "kubernetes-models").is_dir():
            return directory
    return None


def validate(objects):
    """What the API's schemas have against them."""
    script = SOURCE / "tests" / "live" / "kubernetes_schemas.mjs"
    done = subprocess.run(
        ["node", script, schemas()],
        capture_output=True,
        input=json.dumps(objects),
        text=True,
    )
    assert done.stderr == ""
    assert done.returncode == (1 if done.stdout else 0)
    return done.stdout


@pytest.mark.skipif(
    not schemas(), reason="kubernetes-models of npm is not in NODE_PATH"
)
def test_schemas_of_the_api(objects):
    assert validate(list(objects.values())) == ""
    spec = read(RULES / "deployment.yaml")["spec"]["template"]["spec"]
    pod = {"apiVersion": "v1", "kind": "Pod", "spec": spec}
    assert validate([pod]) == ""
    for kind, wrong in [
        ("Service", {"ports": [{"port": "eighty"}]}),
        ("ServiceMonitor", {"endpoints": []}),
        ("Deployment", {"replicas": 2}),
    ]:
        assert kind in validate([{**objects[kind], "spec": wrong}])
