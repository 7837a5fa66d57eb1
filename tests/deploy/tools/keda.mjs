// Reads KEDA's resources as JSON from stdin and prints a line for each that KEDA's own types refuse.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = createRequire(pathToFileURL(process.argv[2] + "/x.js"));
const folder = here.resolve("@kubernetes-models/keda/package.json", { paths: [process.argv[2]] }).replace("/package.json", "");
const models = await import(pathToFileURL(folder + "/keda.sh/v1alpha1/index.js"));

for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const { apiVersion, kind, ...rest } = resource;
  try {
    if (!models[kind] || apiVersion !== "keda.sh/v1alpha1") throw new Error(`${apiVersion} ${kind} is none of KEDA's`);
    new models[kind](rest).validate();
  } catch (error) {
    console.log(`${kind} ${resource.metadata?.name}: ${error.message}`);
  }
}
