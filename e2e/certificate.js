// Certificates for a test, made by openssl: an authority of our own, and what it has signed for this machine.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];

export class Authority {
  #folder = mkdtempSync(join(tmpdir(), "glassline-e2e-authority-"));
  /** Its own certificate, a file. */
  file = join(this.#folder, "ca.pem");
  #key = join(this.#folder, "ca.key");
  #made = 0;

  constructor() {
    openssl("req", "-x509", ...KEY, "-subj", "/CN=Test authority", "-keyout", this.#key, "-out", this.file);
  }

  /** A certificate for `localhost` and 127.0.0.1 and its key: files, and the certificate's number. */
  sign() {
    const [certificate, key] = [".pem", ".key"].map((ending) => join(this.#folder, `${++this.#made}${ending}`));
    const says = ["basicConstraints=critical,CA:FALSE", "subjectAltName=DNS:localhost,IP:127.0.0.1", "extendedKeyUsage=serverAuth"];
    const by = ["-CA", this.file, "-CAkey", this.#key];
    openssl("req", "-x509", ...KEY, ...by, "-subj", "/CN=localhost", ...says.flatMap((one) => ["-addext", one]), "-keyout", key, "-out", certificate);
    const serial = openssl("x509", "-in", certificate, "-noout", "-serial").trim().replace("serial=", "");
    return { certificate, key, serial, texts: [certificate, key].map((file) => readFileSync(file, "utf8")) };
  }

  end() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** @param {...string} words */
function openssl(...words) {
  return execFileSync("openssl", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
