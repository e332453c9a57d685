import { databaseArgument } from "../config/argument.js";
import { openDatabase } from "../database/open.js";
import { HeddleError } from "../model/errors.js";
import type { Catalogue } from "./proposal.js";

/** Reads the catalogue of the database that `env:NAME` names. HDL100 for another argument, HDL103 where it is not set. */
export async function readCatalogue(argument: string): Promise<Catalogue> {
  const found = databaseArgument(argument);
  if (!argument.startsWith("env:") || found.kind !== "url") {
    throw new HeddleError("HDL100", "--from takes the name of a variable that holds a URL", {
      hint: "for example --from env:CATALOG_URL",
    });
  }
  await using database = await openDatabase(found.url.reveal(), { label: argument });
  const tables = await database.read((session) => session.tables());
  return { variable: argument.slice("env:".length), tables };
}
