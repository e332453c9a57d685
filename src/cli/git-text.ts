/** What git runs to show a data file (`diff.heddle.textconv`, set by `heddle git-setup`): the file's name is its argument. */
import { readFileSync } from "node:fs";
import { fieldLines } from "../plan/field-lines.js";

process.stdout.write(fieldLines(readFileSync(process.argv[2]!, "utf8")));
