-- The tables of the sample shop. README.md says what to do with them.

CREATE TABLE plans (
  id text PRIMARY KEY,
  name text NOT NULL,
  price numeric(8,2) NOT NULL,
  seats int,
  features jsonb NOT NULL DEFAULT '{}',
  internal_notes text,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE discounts (
  plan text REFERENCES plans,
  country char(2),
  percent int NOT NULL,
  valid daterange,
  PRIMARY KEY (plan, country)
);

CREATE TABLE flags (
  name text PRIMARY KEY,
  enabled boolean NOT NULL DEFAULT false,
  plan text REFERENCES plans
);

CREATE TABLE templates (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  slug text UNIQUE NOT NULL,
  status text NOT NULL DEFAULT 'draft',
  subject text NOT NULL,
  body text NOT NULL
);

CREATE TABLE customers (
  id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL,
  plan text REFERENCES plans
);
