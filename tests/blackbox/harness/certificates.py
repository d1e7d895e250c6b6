"""Certificates of the tests' own, made by the openssl command."""

import subprocess


def new_certificate(folder, names="IP:127.0.0.1,DNS:localhost"):
    """(certificate, key), signed by itself."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", f"subjectAltName={names}", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return str(cert), str(key)
