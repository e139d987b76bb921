// docs/asyncapi.json by the parser of the AsyncAPI project, docs/openapi.json by the OpenAPI
// project's own schema: `./test contracts`. Every finding but a hint is a fault.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";
import { Validator } from "@seriousme/openapi-schema-validator";

const HINT = 3;
const [asyncapi, openapi] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
const faults = [];

const { document, diagnostics } = await new Parser().parse(asyncapi);
for (const { severity, code, message, path } of diagnostics) {
  if (severity < HINT) faults.push(`asyncapi.json: ${path.join("/")}: ${message} (${code})`);
}

const validator = new Validator();
const { valid, errors } = await validator.validate(JSON.parse(openapi));
if (valid) validator.resolveRefs(); // throws where nothing is at a reference
else faults.push(...[errors].flat().map((error) => `openapi.json: ${error.instancePath}: ${error.message}`));

for (const fault of faults) console.log(fault);
console.log(`AsyncAPI ${document?.version()}, OpenAPI ${validator.version}: ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
