/** Heddle's public API: every verb of the command line is a function here. */

export type { EnvironmentConfig, WeaveConfig } from "./config/config.js";
export type { Dataset, Field, Reference } from "./model/dataset.js";
export type { Digest, Entry, Key } from "./model/entry.js";
export { type ErrorCode, HeddleError, type Place, type Problem } from "./model/errors.js";
export type { Fields, Json } from "./model/json.js";
export { type ApplyOptions, type ApplyResult, apply } from "./operations/apply.js";
export { binding } from "./operations/binding.js";
export { type BlameOptions, blame, type FieldBlame } from "./operations/blame.js";
export {
  type ComparedDataset,
  type CompareEnvironmentsOptions,
  compareEnvironments,
  type EnvironmentComparison,
} from "./operations/compare-environments.js";
export { showConfig } from "./operations/config-show.js";
export { type DiffOptions, diff, type EntryDiff } from "./operations/diff.js";
export { type Diagnosis, type DoctorOptions, doctor } from "./operations/doctor.js";
export { type DriftOptions, drift } from "./operations/drift.js";
export type { EntryEvent, EventKind } from "./operations/entry-event.js";
export { type EventsOptions, events } from "./operations/events.js";
export { type GitSetupOptions, type GitSetupResult, gitSetup } from "./operations/git-setup.js";
export { type CommentOptions, commentOnPullRequest } from "./operations/github/comment.js";
export { findPlan } from "./operations/github/find-plan.js";
export { type IssueOptions, reportIssue } from "./operations/github/issue.js";
export { consentLabels, type LabelsOptions } from "./operations/github/labels.js";
export { openPullRequest, type PullRequestOptions } from "./operations/github/pull-request.js";
export { type GrepMatch, type GrepOptions, type GrepPoint, type GrepResult, grep } from "./operations/grep.js";
export { type HistoryEntry, type HistoryOptions, history } from "./operations/history.js";
export { type ImportEventsOptions, type ImportEventsResult, importEvents } from "./operations/import-events.js";
export { type InitOptions, init } from "./operations/init.js";
export { type EntryChange, type LogEntry, type LogOptions, type LogResult, log } from "./operations/log.js";
export type { MomentOptions } from "./operations/moment.js";
export {
  type Document,
  type DocumentKey,
  type DocumentRollback,
  type DocumentVersion,
  type History,
  type OpenHistoryOptions,
  openHistory,
  type When,
} from "./operations/open-history.js";
export { type OptimizeResult, optimize } from "./operations/optimize.js";
export { type PlanOptions, plan, type Shown } from "./operations/plan.js";
export { type RelayoutOptions, type RelayoutResult, relayout } from "./operations/relayout.js";
export {
  type RenderedDataset,
  type RenderedEntry,
  type Rendering,
  type RenderOptions,
  render,
} from "./operations/render.js";
export { type RestoreOptions, type RestoreResult, restore } from "./operations/restore.js";
export { type RollbackOptions, type RollbackResult, rollback, type ShownRollback } from "./operations/rollback.js";
export { type ShownEntry, type ShowOptions, show } from "./operations/show.js";
export { type EnvironmentStatus, type StatusOptions, status } from "./operations/status.js";
export { type SyncOptions, sync } from "./operations/sync.js";
export type { SyncEvent } from "./operations/sync-event.js";
export { type UndoOptions, type UndoResult, undo } from "./operations/undo.js";
export { type UnlockOptions, unlock } from "./operations/unlock.js";
export { type ValidateResult, validate } from "./operations/validate.js";
export { type VerifyOptions, type VerifyResult, verify } from "./operations/verify.js";
export { type DatasetChanges, type Prefer, type WeaveOptions, type WeaveResult, weave } from "./operations/weave.js";
export type { Change, DatasetPlan, FieldChange, Label, Plan } from "./plan/plan.js";
export type { Consent, Grants } from "./plan/policy.js";
export { renderHtml } from "./plan/render-html.js";
export { renderJson } from "./plan/render-json.js";
export { renderMarkdown } from "./plan/render-markdown.js";
export { renderText } from "./plan/render-text.js";
export type { PlanReport } from "./plan/report-schema.js";
export type { RenderContext, ShownChange, ShownField, ShownValue } from "./plan/show.js";
