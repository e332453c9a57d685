import type { Dataset } from "../model/dataset.js";
import type { Digest, Key } from "../model/entry.js";
import type { Fields } from "../model/json.js";
import { keyOf } from "../model/key.js";
import { canonicalFields } from "../model/parse.js";
import type { Wanted } from "../plan/side.js";

/** An entry whose fields are made when they are asked for. */
export class UnreadEntry implements Wanted {
  private made: Fields | undefined;
  readonly sure: true | undefined;

  /**
   * @param text canonical
   * @param own its key, where the codec is sure of the text
   */
  constructor(
    readonly name: string,
    readonly digest: Digest,
    readonly text: string,
    private readonly dataset: Dataset,
    private own?: Key,
  ) {
    this.sure = own === undefined ? undefined : true;
  }

  get fields(): Fields {
    this.made ??= canonicalFields(this.text);
    return this.made;
  }

  set fields(fields: Fields) {
    this.made = fields;
  }

  get key(): Key {
    this.own ??= keyOf(this.dataset, this.fields)!;
    return this.own;
  }
}
