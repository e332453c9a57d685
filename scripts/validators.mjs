// A step of the build: compiles the checks of the configuration, which would take longer at every start than all else.
import { writeFileSync } from "node:fs";
import standaloneCode from "ajv/dist/standalone/index.js";
import { kinds } from "../dist/config/schema.js";
import { kindCompiler } from "../dist/config/validators.js";

const names = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, kind]));
const file = new URL("../dist/config/validators.cjs", import.meta.url);
writeFileSync(file, standaloneCode.default(kindCompiler({ source: true }), names));
