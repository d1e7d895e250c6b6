"""The container file, the compose file and the Kubernetes manifests fit the server and each other,
and give it no more rights than it needs.

usage: check_containers.py
"""

import json
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
REFERENCE = ROOT / "docs" / "reference"
GUIDE = ROOT / "docs" / "guide" / "containers.md"
KINDS = {"Deployment", "Service", "PodDisruptionBudget", "NetworkPolicy"}

problems = []


def expect(holds, what: str) -> None:
    if not holds:
        problems.append(what)


def drain_seconds() -> int:
    text = (REFERENCE / "configuration.md").read_text()
    return int(re.search(r"### `--drain-seconds`.*?\| default \| `(\d+)`", text, re.S)[1])


def project_version() -> str:
    return re.search(r"^project\(agentauth VERSION ([\d.]+)",
                     (ROOT / "CMakeLists.txt").read_text(), re.M)[1]


def check_options() -> None:
    """Every AGENTAUTH_ variable is an option's."""
    known = set(re.findall(r"AGENTAUTH_\w+", (REFERENCE / "configuration.md").read_text()))
    for folder in ("container", "compose", "kubernetes"):
        for path in sorted((DEPLOY / folder).iterdir()):
            for variable in sorted(set(re.findall(r"AGENTAUTH_\w+", path.read_text())) - known):
                expect(False, f"deploy/{folder}/{path.name}: {variable} is no option")


def instructions() -> list[tuple[str, str]]:
    text = (DEPLOY / "container" / "Containerfile").read_text()
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def check_image() -> dict:
    """What the image is, for those that run it."""
    found = instructions()
    stages = [rest.split()[0] for word, rest in found if word == "FROM"]
    expect(stages == ["debian:bookworm-slim"] * 2, f"Containerfile: is made from {stages}")
    final = found[max(i for i, (word, _) in enumerate(found) if word == "FROM"):]
    last = {word: rest for word, rest in final}
    for script in re.findall(r"\bscript/\w+", " ".join(rest for _, rest in found)):
        expect((ROOT / script).exists(), f"Containerfile: there is no {script}")
    user = last.get("USER", "")
    expect(re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "Containerfile: USER is not two numbers")
    expect(last.get("STOPSIGNAL") == "SIGTERM", "Containerfile: only SIGTERM drains")
    expect("curl" not in str(final), "Containerfile: curl is in the image")
    entry, start = json.loads(last["ENTRYPOINT"]), json.loads(last["CMD"])
    check = json.loads(last["HEALTHCHECK"].split("CMD", 1)[1])
    commands = (REFERENCE / "cli.md").read_text()
    for words in (entry + start, check):
        expect(words[0] == "/usr/bin/agentauth" and f"## `agentauth {words[1]}`" in commands,
               f"Containerfile: {words} is no command of ours")
    settings = dict(re.findall(r"(AGENTAUTH_\w+)=(\S+)", last["ENV"]))
    port = settings["AGENTAUTH_LISTEN"].rsplit(":", 1)[1]
    expect(last.get("EXPOSE") == port, "Containerfile: EXPOSE is not the port of LISTEN")
    expect(settings.get("AGENTAUTH_REGISTRATION") == "closed", "Containerfile: registration is open")
    expect(last.get("VOLUME") == settings["AGENTAUTH_DATA_DIR"], "Containerfile: no data volume")
    return {"user": user, "port": int(port), "data": settings["AGENTAUTH_DATA_DIR"]}


def check_compose(image: dict) -> None:
    compose = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
    services = compose["services"]
    nodes = {name: service for name, service in services.items() if "build" in service}
    expect(len(nodes) == 2, "compose.yaml: there are not two nodes")
    for name, node in nodes.items():
        file = (DEPLOY / "compose" / node["build"]["context"] / node["build"]["dockerfile"])
        expect(file.exists(), f"compose.yaml: {name} is built from nothing")
        expect(node["image"] == f"agentauth:{project_version()}", f"compose.yaml: tag of {name}")
        expect(node["user"] == image["user"], f"compose.yaml: user of {name}")
        grace = int(node["stop_grace_period"].removesuffix("s"))
        expect(grace > drain_seconds(), f"compose.yaml: {name} is killed while it drains")
        for port in node["ports"]:
            expect(re.fullmatch(rf"127\.0\.0\.1:\d+:{image['port']}", port),
                   f"compose.yaml: {name} publishes {port}")
        expect(any(volume.endswith(":" + image["data"]) for volume in node["volumes"]),
               f"compose.yaml: {name} has no master key that lasts")
        expect(node["environment"]["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?"),
               f"compose.yaml: {name} has a password that anybody knows")
        expect(set(node["depends_on"]) <= set(services), f"compose.yaml: {name} waits for nobody")
    for name in services.keys() - nodes.keys():
        service = services[name]
        expect("ports" not in service and service["networks"] == ["back"],
               f"compose.yaml: {name} can be reached from outside")
        expect("healthcheck" in service, f"compose.yaml: {name} has no health check")
    for name, service in services.items():
        if name == "postgres":  # its image starts as root, to take over its volume
            continue
        confined = (service.get("read_only"), service.get("cap_drop"), service.get("security_opt"))
        expect(confined == (True, ["ALL"], ["no-new-privileges:true"]),
               f"compose.yaml: {name} may do more than it needs")
    expect(compose["networks"]["back"].get("internal"), "compose.yaml: back is not internal")


def manifests() -> dict:
    folder = DEPLOY / "kubernetes"
    documents = {}
    for path in sorted(folder.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text()):
            documents[document["kind"]] = document
    plan = documents.pop("Kustomization")
    files = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
    expect(set(plan["resources"]) == files, "kustomization.yaml: does not name every file")
    expect(plan["images"] == [{"name": "agentauth", "newTag": project_version()}],
           "kustomization.yaml: the image is not this version's")
    expect(set(documents) == KINDS, f"kubernetes: has {sorted(documents)}; secrets are not kept here")
    return documents


def check_rights(pod: dict, container: dict, image: dict) -> None:
    user, group = map(int, image["user"].split(":"))
    expect(pod["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group,
        "seccompProfile": {"type": "RuntimeDefault"}}, "deployment.yaml: rights of the pod")
    expect(container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]}}, "deployment.yaml: rights of the container")
    expect(pod["enableServiceLinks"] is False, "deployment.yaml: service links are not off")
    expect(pod["automountServiceAccountToken"] is False, "deployment.yaml: has an API token")


def check_secrets(pod: dict, container: dict) -> None:
    variables = {variable["name"]: variable for variable in container["env"]}
    used = {"master.key"}
    for name in ("AGENTAUTH_DATABASE", "AGENTAUTH_REDIS"):
        source = variables[name].get("valueFrom", {}).get("secretKeyRef", {})
        expect(source, f"deployment.yaml: {name} is not from a Secret")
        used.add(source.get("key"))
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    secret = next(volume for volume in pod["volumes"] if "secret" in volume)
    key_file = variables["AGENTAUTH_MASTER_KEY_FILE"]["value"]
    paths = [f"{mounts[secret['name']]}/{item['path']}" for item in secret["secret"]["items"]]
    expect(paths == [key_file], "deployment.yaml: the master key is mounted elsewhere")
    expect(secret["secret"]["defaultMode"] == 0o440, "deployment.yaml: mode of the master key")
    told = re.search(r"kubectl create secret generic agentauth.*?```", GUIDE.read_text(), re.S)
    for key in sorted(used):
        expect(told and re.search(rf"--from-(file|literal)={re.escape(key)}\b", told[0]),
               f"containers.md: does not make the Secret's {key}")


def check_probes(pod: dict, container: dict, image: dict) -> None:
    routes = (REFERENCE / "api.md").read_text()
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    expect(ports == {"http": image["port"]}, "deployment.yaml: another port than the image's")
    paths = {}
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        asked = container[probe]["httpGet"]
        paths[probe] = asked["path"]
        expect(asked["port"] in ports, f"deployment.yaml: {probe} asks another port")
        expect(f"## GET {asked['path']}\n" in routes, f"deployment.yaml: no route {asked['path']}")
    # A database that is away makes every node not ready; to end them all would not bring it back.
    expect(paths["readinessProbe"] == "/readyz" and paths["livenessProbe"] == "/healthz",
           f"deployment.yaml: {paths}")
    pause = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    expect(pod["terminationGracePeriodSeconds"] > pause + drain_seconds(),
           "deployment.yaml: a pod is killed while it drains")


def check_kubernetes(image: dict) -> None:
    documents = manifests()
    deployment = documents["Deployment"]["spec"]
    template = deployment["template"]
    pod = template["spec"]
    (container,) = pod["containers"]
    check_rights(pod, container, image)
    check_secrets(pod, container)
    check_probes(pod, container, image)
    labels = template["metadata"]["labels"]
    selectors = [deployment["selector"]["matchLabels"], documents["Service"]["spec"]["selector"],
                 documents["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
                 documents["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]]
    selectors += [rule["labelSelector"]["matchLabels"] for rule in pod["topologySpreadConstraints"]]
    expect(len(selectors) == 6 and all(selector == labels for selector in selectors),
           "kubernetes: a selector does not fit the pods")
    expect(deployment["replicas"] == 3, "deployment.yaml: not three replicas")
    expect(deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0,
           "deployment.yaml: an upgrade takes nodes away before others are ready")
    expect(documents["PodDisruptionBudget"]["spec"]["maxUnavailable"] == 1,
           "disruption-budget.yaml: more than one node may go")
    expect(documents["Service"]["spec"]["ports"][0]["targetPort"] == "http",
           "service.yaml: leads to another port")
    expect(set(documents["NetworkPolicy"]["spec"]["policyTypes"]) == {"Ingress", "Egress"},
           "network-policy.yaml: leaves a direction open")


if __name__ == "__main__":
    check_options()
    made = check_image()
    check_compose(made)
    check_kubernetes(made)
    for problem in problems:
        print(problem)
    sys.exit(bool(problems))
