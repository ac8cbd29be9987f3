"""Tables of the store.

Made for a million messages: ids are plain integers (their long text forms are computed), what lists and delta sort by
is indexed, what Graph shows of a message is kept as ready JSON in `head`, and bodies lie apart so that pages without
them never read them. Copies of a message share one content row.
"""

from __future__ import annotations

VERSION = 1

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE counter (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL);
INSERT INTO counter VALUES (1, 1);

CREATE TABLE mailbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  guid TEXT NOT NULL UNIQUE,
  user_id TEXT NOT NULL,
  address TEXT NOT NULL COLLATE NOCASE,
  display_name TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'ok',
  archive_of INTEGER REFERENCES mailbox (id),
  created INTEGER NOT NULL,
  quota_bytes INTEGER NOT NULL,
  single_item_recovery INTEGER NOT NULL DEFAULT 1,
  retain_days INTEGER NOT NULL DEFAULT 14,
  litigation_hold INTEGER NOT NULL DEFAULT 0,
  delay_hold_until INTEGER NOT NULL DEFAULT 0,
  retention_policies TEXT NOT NULL DEFAULT '[]',
  folder_exists_status INTEGER NOT NULL DEFAULT 409
);
CREATE UNIQUE INDEX mailbox_address ON mailbox (address) WHERE archive_of IS NULL;
CREATE TABLE alias (address TEXT PRIMARY KEY COLLATE NOCASE, mailbox INTEGER NOT NULL REFERENCES mailbox (id))
  WITHOUT ROWID;

CREATE TABLE folder (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mailbox INTEGER NOT NULL REFERENCES mailbox (id),
  parent INTEGER NOT NULL,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  well_known TEXT NOT NULL DEFAULT '',
  folder_class TEXT NOT NULL DEFAULT 'IPF.Note',
  hidden INTEGER NOT NULL DEFAULT 0,
  recoverable INTEGER NOT NULL DEFAULT 0,
  search TEXT,
  seq INTEGER NOT NULL,
  entered_seq INTEGER NOT NULL,
  total INTEGER NOT NULL DEFAULT 0,
  unread INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0,
  UNIQUE (mailbox, parent, name_key)
);
CREATE INDEX folder_seq ON folder (mailbox, seq);
CREATE UNIQUE INDEX folder_well_known ON folder (mailbox, well_known) WHERE well_known != '';
CREATE TABLE folder_removal (
  mailbox INTEGER NOT NULL, seq INTEGER NOT NULL, folder INTEGER NOT NULL, entered_seq INTEGER NOT NULL,
  PRIMARY KEY (mailbox, seq, folder)
) WITHOUT ROWID;

CREATE TABLE content (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  body_type TEXT NOT NULL,
  body TEXT NOT NULL,
  mime BLOB
);
CREATE TABLE attachment (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  content INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  content_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  is_inline INTEGER NOT NULL,
  content_id TEXT,
  part INTEGER,
  data BLOB
);
CREATE INDEX attachment_content ON attachment (content);

CREATE TABLE message (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  mailbox INTEGER NOT NULL,
  folder INTEGER NOT NULL,
  area INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  content_seq INTEGER NOT NULL,
  entered_seq INTEGER NOT NULL,
  away_seq INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  received INTEGER NOT NULL,
  sent INTEGER NOT NULL,
  is_read INTEGER NOT NULL,
  is_draft INTEGER NOT NULL,
  has_attachments INTEGER NOT NULL,
  inference TEXT NOT NULL,
  flag TEXT NOT NULL,
  categories TEXT NOT NULL,
  importance TEXT NOT NULL,
  message_class TEXT NOT NULL,
  size INTEGER NOT NULL,
  subject TEXT NOT NULL,
  from_address TEXT NOT NULL,
  message_id TEXT NOT NULL,
  conversation BLOB NOT NULL,
  search_key BLOB NOT NULL,
  last_folder INTEGER NOT NULL,
  discarded INTEGER NOT NULL,
  indexed INTEGER NOT NULL,
  label TEXT NOT NULL,
  content INTEGER NOT NULL,
  extra TEXT NOT NULL,
  head TEXT NOT NULL
);
CREATE TABLE removal (
  folder INTEGER NOT NULL, seq INTEGER NOT NULL, message INTEGER NOT NULL,
  generation INTEGER NOT NULL, entered_seq INTEGER NOT NULL,
  PRIMARY KEY (folder, seq, message)
) WITHOUT ROWID;

CREATE INDEX removal_message ON removal (message, folder);

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
  UPDATE folder SET total = total + 1, unread = unread + (NOT new.is_read), bytes = bytes + new.size
  WHERE id = new.folder;
END;
CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN
  UPDATE folder SET total = total - 1, unread = unread - (NOT old.is_read), bytes = bytes - old.size
  WHERE id = old.folder;
END;
CREATE TRIGGER message_changed AFTER UPDATE OF folder, is_read, size ON message BEGIN
  UPDATE folder SET total = total - 1, unread = unread - (NOT old.is_read), bytes = bytes - old.size
  WHERE id = old.folder;
  UPDATE folder SET total = total + 1, unread = unread + (NOT new.is_read), bytes = bytes + new.size
  WHERE id = new.folder;
END;

CREATE TABLE app (client_id TEXT PRIMARY KEY COLLATE NOCASE, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE truth (message INTEGER PRIMARY KEY, client TEXT NOT NULL, kind TEXT NOT NULL, note TEXT NOT NULL);
CREATE TABLE truth_client (id TEXT PRIMARY KEY, data TEXT NOT NULL) WITHOUT ROWID;
"""

#: Items that a mail folder may hold and that are no mail: they are counted in it, and Graph lists messages only.
OTHER_CLASSES = ("IPM.Appointment", "IPM.Contact", "IPM.DistList", "IPM.Task", "IPM.StickyNote", "IPM.Activity")
OTHER_KINDS = f"message_class IN ({', '.join(repr(name) for name in OTHER_CLASSES)})"

#: Kept apart because a large seeding into an empty store drops them first and makes them again at its end.
MESSAGE_INDEXES: dict[str, str] = {
    "message_in_folder": "message (folder, hidden, received DESC, id DESC)",
    "message_by_date": "message (folder, received, id DESC)",  # hidden ones included
    "message_in_mailbox": "message (mailbox, area, hidden, received DESC, id DESC)",
    "message_change": "message (folder, seq)",
    "message_internet_id": "message (message_id, mailbox)",
    "message_conversation": "message (conversation, mailbox)",
    "message_content": "message (content)",
    "message_other_kind": f"message (mailbox) WHERE {OTHER_KINDS}",
}
