// Reads objects of Kubernetes as a JSON list, and says what in them is not as the
// API's schemas have it; those are in the directory that is named, npm's
// kubernetes-models and @kubernetes-models/prometheus-operator.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const OPERATOR = "monitoring.coreos.com";
const [directory] = process.argv.slice(2);
let bad = 0;
for (const object of JSON.parse(readFileSync(0, "utf8"))) {
	const { apiVersion, kind } = object;
	const room = apiVersion.startsWith(OPERATOR)
		? "@kubernetes-models/prometheus-operator"
		: "kubernetes-models";
	const path = resolve(directory, room, apiVersion, `${kind}.js`);
	const models = await import(pathToFileURL(path));
	try {
		new models[kind](object).validate();
	} catch (error) {
		bad++;
		console.log(`${kind}: ${error.message}`);
	}
}
process.exit(bad ? 1 : 0);
