"""Certificates for the end-to-end tests, made by the openssl program in a test's own folder."""

import datetime
import subprocess


def openssl(*arguments, stdin=b"", check=True, timeout=60):
    """Runs openssl; its output and what it said, as one text."""
    done = subprocess.run(["openssl", *map(str, arguments)], input=stdin, capture_output=True, timeout=timeout)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if check and done.returncode != 0:
        raise AssertionError(f"openssl {arguments}\n{text}")
    return text


class Authority:
    """A certificate authority with its files in `folder`."""

    def __init__(self, folder, name="ca"):
        self.folder, self.name = folder, name
        self.certificate, self.key = folder / f"{name}.pem", folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 9,
                "-subj", f"/CN={name}", "-keyout", self.key, "-out", self.certificate)
        self.serial = 0x1000

    def issue(self, name, common_name, alternative="", kind="ec", file=None):
        """NAME.pem (with the authority's) and NAME.key; returns the serial number."""
        self.serial += 1
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1") if kind == "ec" else ("-newkey", "rsa:2048")
        request, leaf = self.folder / f"{name}.csr", self.folder / f"{name}.leaf"
        out = self.folder / f"{file or name}.pem"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative}\n" if alternative else "basicConstraints=CA:FALSE\n")
        openssl("req", "-new", *key, "-nodes", "-subj", f"/CN={common_name}", "-keyout",
                self.folder / f"{file or name}.key", "-out", request)
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-days", 8,
                "-set_serial", self.serial, "-extfile", extensions, "-out", leaf)
        out.write_text(leaf.read_text() + self.certificate.read_text())
        return self.serial

    def staple(self, serial, out):
        """The OCSP response for a serial number, in DER."""
        index = self.folder / f"{self.name}.index"
        end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=8)
        index.write_text(f"V\t{end:%y%m%d%H%M%SZ}\t\t{serial:X}\tunknown\t/CN=x\n")
        openssl("ocsp", "-index", index, "-CA", self.certificate, "-rsigner", self.certificate, "-rkey", self.key,
                "-issuer", self.certificate, "-serial", serial, "-ndays", 1, "-respout", out)
