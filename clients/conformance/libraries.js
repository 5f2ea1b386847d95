// The device libraries: how each is built, how its own runner plays the vectors, and how its driver starts.

import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/**
 * @typedef {object} Library
 * @property {string} name
 * @property {string[]} [build]  what has to be run first
 * @property {string[]} vectors  plays spec/vectors against its core, and fails where one does not hold
 * @property {string[]} driver  a device that does what its standard input says (clients/CONFORMANCE.md)
 * @property {boolean} stores  whether it can keep its outbox in a folder
 */

/** @type {Library[]} */
export const LIBRARIES = [
  {
    name: "rust",
    build: ["cargo", "build", "--quiet", "-p", "glassline-client", "--example", "conformance"],
    vectors: ["cargo", "test", "--quiet", "-p", "glassline-client", "--test", "vectors"],
    driver: [join(process.env.CARGO_TARGET_DIR ?? join(ROOT, "target"), "debug/examples/conformance")],
    stores: true,
  },
  {
    name: "python",
    vectors: ["python3", "clients/python/tests/vectors.py"],
    driver: ["python3", join(ROOT, "clients/python/conformance.py")],
    stores: true,
  },
  {
    name: "js",
    vectors: ["node", "--test", "clients/js/test/vectors.test.js"],
    driver: ["node", join(ROOT, "clients/js/conformance.js")],
    stores: true,
  },
  {
    name: "c",
    build: ["make", "--silent", "-C", "clients/c", "conformance"],
    vectors: ["make", "--silent", "-C", "clients/c", "vectors"],
    driver: [join(ROOT, "clients/c/build/conformance")],
    stores: false,
  },
];

export { ROOT };
