/** Heddle's public API: every verb of the command line is a function here. */

export type { EnvironmentConfig, WeaveConfig } from "./config/config.js";
export type { Dataset, Field, Reference } from "./model/dataset.js";
export type { Digest, Entry, Key } from "./model/entry.js";
export { type ErrorCode, HeddleError, type Place, type Problem } from "./model/errors.js";
export type { Fields, Json } from "./model/json.js";
export { type ApplyOptions, type ApplyResult, apply } from "./operations/apply.js";
export { showConfig } from "./operations/config-show.js";
export { type Diagnosis, type DoctorOptions, doctor } from "./operations/doctor.js";
export { type DriftOptions, drift } from "./operations/drift.js";
export { type HistoryEntry, type HistoryOptions, history } from "./operations/history.js";
export { type InitOptions, init } from "./operations/init.js";
export { type PlanOptions, plan, type Shown } from "./operations/plan.js";
export { type RollbackOptions, type RollbackResult, rollback, type ShownRollback } from "./operations/rollback.js";
export { type EnvironmentStatus, type StatusOptions, status } from "./operations/status.js";
export { type UndoOptions, type UndoResult, undo } from "./operations/undo.js";
export { type UnlockOptions, unlock } from "./operations/unlock.js";
export { type ValidateResult, validate } from "./operations/validate.js";
export { type VerifyOptions, type VerifyResult, verify } from "./operations/verify.js";
export { type DatasetChanges, type WeaveOptions, type WeaveResult, weave } from "./operations/weave.js";
export type { Change, DatasetPlan, FieldChange, Label, Plan } from "./plan/plan.js";
export type { Consent, Grants } from "./plan/policy.js";
export { renderJson, renderText } from "./plan/render.js";
