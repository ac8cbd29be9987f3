"""The part of OData that Graph's mail face speaks: query options, filters, sorting."""
