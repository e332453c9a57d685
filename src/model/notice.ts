/** What an environment's webhooks can be told: see operations/notice.ts for what is told with it. */
export const noticeKinds = ["planned", "applied", "failed", "drifted"] as const;

export type NoticeKind = (typeof noticeKinds)[number];
