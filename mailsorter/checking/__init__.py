"""Do ledger and mailboxes tell the same story?"""
