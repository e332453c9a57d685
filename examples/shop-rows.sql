-- What the sample shop sells. A destination begins without these rows: Heddle brings them.

INSERT INTO plans (id, name, price, seats, features, internal_notes, updated_at) VALUES
  ('free', 'Free', 0, 1, '{"support": "forum"}', 'loss leader', '2026-01-05 09:00:00+00'),
  ('team', 'Team', 29, 10, '{"support": "email", "sso": false}', NULL, '2026-02-11 14:30:00+00'),
  ('enterprise', 'Enterprise', 199, NULL, '{"support": "phone", "sso": true, "regions": ["eu", "us"]}',
   'talk to legal before changing', '2026-03-20 16:45:12.5+00');

INSERT INTO discounts VALUES
  ('team', 'DE', 10, '[2026-04-01,2026-07-01)'),
  ('team', 'FR', 15, NULL),
  ('enterprise', 'DE', 20, '[2026-04-01,)');

INSERT INTO flags VALUES ('new-checkout', false, NULL), ('audit-log', true, 'enterprise'), ('Dark-Mode', true, NULL);

INSERT INTO templates (slug, status, subject, body) VALUES
  ('welcome', 'published', 'Welcome, {{name}}!', E'Hello {{name}},\n\nyour plan is {{plan}}.\n'),
  ('invoice', 'published', 'Your invoice', E'Dear customer,\n\nplease find {{amount}} attached.\n'),
  ('summer-sale', 'draft', 'Coming soon', 'Not finished yet.');

INSERT INTO customers (email, plan) VALUES ('ada@example.org', 'team'), ('grace@example.org', 'free');
