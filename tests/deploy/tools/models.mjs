// Reads resources of KEDA and of the Prometheus operator as JSON from stdin and prints a line for each that their own
// types refuse.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const here = createRequire(pathToFileURL(process.argv[2] + "/x.js"));
const packages = { "keda.sh": "keda", "monitoring.coreos.com": "prometheus-operator" };

async function models(apiVersion) {
  const owner = packages[apiVersion.split("/")[0]];
  const found = here.resolve(`@kubernetes-models/${owner}/package.json`, { paths: [process.argv[2]] });
  return import(pathToFileURL(`${found.replace("/package.json", "")}/${apiVersion}/index.js`)).catch(() => ({}));
}

for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const { apiVersion, kind, ...rest } = resource;
  try {
    const known = await models(apiVersion);
    if (!known[kind]) throw new Error(`${apiVersion} ${kind} is none of theirs`);
    new known[kind](rest).validate();
  } catch (error) {
    console.log(`${kind} ${resource.metadata?.name}: ${error.message}`);
  }
}
