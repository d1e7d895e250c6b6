"""What deploy/ says of the server has to be true of it: metrics, headers, options, and the package.

usage: check_deploy.py monitoring|gateways|package [PACKAGE]
"""

import fnmatch
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
IN_PACKAGE = (
    "usr/bin/agentauth",
    "usr/lib/systemd/system/agentauth.service",
    "etc/agentauth/agentauth.toml",
    "usr/share/bash-completion/completions/agentauth",
    "usr/share/zsh/vendor-completions/_agentauth",
    "usr/share/doc/agentauth/README.md",
    "usr/lib/agentauth/agentauth-envoy.so",
)


def check_monitoring() -> list[str]:
    """Alerts and dashboard name only metrics there are, and print the value that they mean."""
    known = set(re.findall(r"^\| `(agentauth_\w+)`", (REFERENCE / "metrics.md").read_text(), re.M))
    problems = []
    for path in sorted((ROOT / "deploy" / "monitoring").iterdir()):
        text = path.read_text()
        if path.suffix == ".json":
            json.loads(text)
        named = set(re.findall(r"\bagentauth_\w+", text))
        for metric in sorted(named):
            if re.sub(r"_(bucket|sum|count)$", "", metric) not in known and metric not in known:
                problems.append(f"deploy/monitoring/{path.name}: there is no metric {metric}")
        if not named:
            problems.append(f"deploy/monitoring/{path.name}: names no metric")
        # "A and B" has the value of A.
        for expression, summary in re.findall(r"^ +expr: ([^\n]+)$.*?^ +summary: ([^\n]+)$",
                                              text, re.M | re.S):
            if "$value" in summary and re.match(r"\w+ [<>!=]+ \d+ and ", expression):
                problems.append(f"deploy/monitoring/{path.name}: {summary} prints the first part of "
                                f"{expression}")
    return problems


def listed_headers(source: str, *lists: str) -> set[str]:
    """The names of headers in these lists of a source of src/api."""
    text = (ROOT / "src" / "api" / source).read_text()
    found = set()
    for name in lists:
        listed = re.search(rf"\b{name} = .*?;", text, re.S)
        names = re.findall(r'"(x[\w-]+)"', listed.group()) if listed else []
        if not names:
            sys.exit(f"src/api/{source}: {name} names no header")
        found.update(names)
    return found


def check_gateways() -> list[str]:
    """No example leaves a client's header by which a backend hears of another request.

    Traefik also takes each header that Envoy is told to take.
    """
    told = listed_headers("handlers_gateway.cc", "overrides", "methods_told", "targets_told",
                          "hosts_told")
    # What the gateway writes itself, or has denied.
    not_here = {name: {"x-forwarded-host"} for name in ("Caddyfile", "nginx.conf", "traefik.yml")}
    also = {"traefik.yml": listed_headers("envoy_checks.cc", "never_the_clients")}
    removes = {"Caddyfile": r"^\t\trequest_header -([\w-]+\*?)$",
               "nginx.conf": r'^    proxy_set_header ([\w-]+) "";$',
               "traefik.yml": r'^ +([\w-]+): ""$',
               "envoy.yaml": r"- remove: ([\w-]+)$", "envoy-grpc.yaml": r"- remove: ([\w-]+)$"}
    problems = []
    for name, line in removes.items():
        text = (ROOT / "deploy" / "gateways" / name).read_text()
        removed = [header.lower() for header in re.findall(line, text, re.M)]
        for header in sorted((told | also.get(name, set())) - not_here.get(name, set())):
            if not any(fnmatch.fnmatchcase(header, pattern) for pattern in removed):
                problems.append(f"deploy/gateways/{name}: does not remove {header}")
    return problems


def dead_links(documents: Path) -> list[str]:
    """Of README and guides: what whoever has only the package cannot follow."""
    return [f"{page.relative_to(documents)} links to {link}, which is not in the package"
            for page in [documents / "README.md", *sorted((documents / "docs/guide").iterdir())]
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
            if not (page.parent / link).exists()]


def check_package(package: str) -> list[str]:
    """It unpacks, what is in it runs, and its configuration is one the program accepts."""
    problems = []
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
        problems += [f"{package}: lacks {path}" for path in IN_PACKAGE
                     if not (Path(folder) / path).exists()]
        if problems:
            return problems
        problems += dead_links(Path(folder) / "usr/share/doc/agentauth")
        binary = str(Path(folder) / IN_PACKAGE[0])
        subprocess.run([binary, "version"], check=True, stdout=subprocess.DEVNULL)
        shown = subprocess.run(
            [binary, "config", "--config", str(Path(folder) / IN_PACKAGE[2])],
            check=True, capture_output=True, text=True).stdout
        # It loads the shared object from where the package has put it.
        looked_at = subprocess.run(
            [binary, "doctor", "--envoy-listen", "127.0.0.1:0", "--data-dir", f"{folder}/data"],
            capture_output=True, text=True, check=False).stdout
        if not re.search(r"^(ok|warn) Envoy:", looked_at, re.M):
            problems.append(f"{package}: gRPC is not there for Envoy: {looked_at}")
        for option in ("data-dir", "registration"):
            if not re.search(rf"^{option}\b.*agentauth\.toml", shown, re.M):
                problems.append(f"{IN_PACKAGE[2]}: {option} is not taken from it")
    conffiles = subprocess.run(["dpkg-deb", "--info", package, "conffiles"],
                               check=True, capture_output=True, text=True).stdout
    if "/" + IN_PACKAGE[2] not in conffiles:
        problems.append(f"{package}: an upgrade would overwrite /{IN_PACKAGE[2]}")
    return problems


if __name__ == "__main__":
    if sys.argv[1] == "package":
        found = check_package(sys.argv[2])
    else:
        found = {"monitoring": check_monitoring, "gateways": check_gateways}[sys.argv[1]]()
    print("\n".join(found))
    sys.exit(bool(found))
