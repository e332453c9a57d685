/** A weave and an environment with every key that they may have. */
export const designExample = `apiVersion: heddle/v1
kind: Weave
metadata: { name: catalog }                # [a-z0-9][a-z0-9-]{0,62} → data/catalog/
spec:
  source: { url: "\${CATALOG_URL}" }        # postgres:// · mongodb:// · mongodb+srv:// · pglite:<directory>
  maskKey: "\${MASK_KEY}"
  maxDeletes: 5%                           # of a dataset's files; more, or all, needs --allow-deletes N
  select:
    - dataset: products                    # table or collection; "schema.table"; globs
      where: active and price > 0          # SQL predicate; for MongoDB a filter in Extended JSON
      omit: [internal_notes]               # or pick: [...]
      key: [sku]                           # default: primary key, _id
    - dataset: "ref_*"
      except: [ref_tmp]
  transform:
    - for: products
      when: $exists(legacy_price)          # JSONata, optional
      steps:
        - patch: [{ op: remove, path: /legacy_price }]      # RFC 6902
        - merge: { currency: EUR }                          # RFC 7396
        - compute: { /slug: "$lowercase(name)" }            # JSONata
        - rename: { /qty: /quantity }
        - remove: [/tmp]
        - mask: { /email: email, /phone: digits, /token: remove }   # keyed, deterministic
    - for: products
      when: status = "draft"
      steps: [{ drop: true }]              # leaves the entry out; counted in the summary
  validate:
    - { for: products, schema: schemas/product.json }       # JSON Schema 2020-12: in weave, in \`heddle validate\`, and on what a plan would write
---
apiVersion: heddle/v1
kind: Environment
metadata: { name: staging }
spec:
  database: { url: "\${STAGING_URL}" }
  weaves: [catalog]
  overlay:                                 # the same steps, run on the way into this database
    - { for: products, steps: [{ merge: { preview: true } }] }
  ignore: { products: [/updated_at] }      # written when an entry is created, afterwards neither compared nor written
  local: { products: [/stock] }            # never written at all
  redact: { products: [/supplier/iban] }   # never shown; masked fields are redacted by themselves
  apply:
    prune: owned                           # owned (default) | mirror | none
    maxDeletes: 5%                         # a share of the dataset's owned entries, rounded up, or a count
    maxChanges: 100%                       # the same for updates
    onDrift: overwrite                     # overwrite | keep | fail; keep is the default where the database is a source of one of its weaves (the next weave brings it)
    onConflict: fail                       # fail | git | live
    atomic: auto                           # always | auto | never
    protected: false                       # true: apply needs --confirm staging
`;
