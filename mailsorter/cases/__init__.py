"""Requests under data-protection law: intake > verify > find > plan > approve > (perform) > prove > letter."""
