"""What random requests are made of: odd words, query options, bodies and headers, right and wrong, for hypothesis."""

from __future__ import annotations

import string

import hypothesis.strategies as st

ODD = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "'", "''", "(", "()", "('", "$", "%00", "\x00", "\ud7ff", "é", "🙂", "../..", "a" * 500, "-1", "null"]
    ),
)
_number = st.one_of(st.integers(-3, 2000).map(str), st.sampled_from(["", "1e3", "９", "99999999999", "x"]))
_property = st.sampled_from(
    [
        *("subject", "receivedDateTime", "from/emailAddress/address", "isRead", "importance", "internetMessageId"),
        *("hasAttachments", "conversationId", "parentFolderId", "id", "categories", "flag/flagStatus", "sender"),
        *("displayName", "totalItemCount", "type", "size", "createdDateTime", "nonsense", "body/content", ""),
    ]
)
_literal = st.one_of(
    st.sampled_from(
        [
            "'x'",
            "true",
            "null",
            "2026-03-01T00:00:00Z",
            "2026-13-99",
            "0",
            "-1",
            "1.5",
            "'O''Neil'",
            "'",
            "low",
            "'low'",
        ]
    ),
    st.text(alphabet=string.printable, max_size=8),
)
_condition = st.one_of(
    st.builds("{} {} {}".format, _property, st.sampled_from(["eq", "ne", "ge", "lt", "has", "in", ""]), _literal),
    st.builds("{}({},{})".format, st.sampled_from(["contains", "startswith", "endswith", "f"]), _property, _literal),
    st.builds("categories/any(c:c {} {})".format, st.sampled_from(["eq", "ne"]), _literal),
    st.builds(
        "singleValueExtendedProperties/any(ep:ep/id eq {} and ep/value eq {})".format,
        st.sampled_from(
            ["'String 0x001A'", "'Integer 0x0E08'", "'x'", "'String {66f5a359-4659-4830-9070-00047ec6ac6e} Name A'"]
        ),
        _literal,
    ),
    ODD,
)
_filter = st.recursive(
    _condition,
    lambda inner: st.one_of(
        st.builds("({}) and ({})".format, inner, inner),
        st.builds("{} or {}".format, inner, inner),
        inner.map("not ({})".format),
    ),
    max_leaves=6,
)
_kql = st.one_of(
    st.sampled_from(
        ['"pizza"', '"from:piet"', '"received>=2026-01-01"', '"size:1..9"', '"hasAttachments:true"', '"(a OR b) NOT c"']
    ),
    ODD,
)
_select = st.lists(_property, max_size=4).map(",".join)
_expand = st.one_of(
    st.sampled_from(
        [
            *("attachments", "childFolders", "nonsense", "attachments($select=name)", "singleValueExtendedProperties"),
            "singleValueExtendedProperties($filter=id eq 'String 0x007D' or id eq 'Integer 0x0E08')",
            "singleValueExtendedProperties($filter=id eq 'Binary 0x300B')",
            "singleValueExtendedProperties($filter=x)",
            "multiValueExtendedProperties($filter=id eq 'StringArray 0x8001')",
        ]
    ),
    ODD,
)
OPTION = st.one_of(
    st.tuples(st.sampled_from(["$top", "$skip", "top", "%24top"]), _number),
    st.tuples(st.just("$select"), _select),
    st.tuples(st.just("$filter"), _filter),
    st.tuples(st.just("$orderby"), st.builds("{} {}".format, _property, st.sampled_from(["", "asc", "desc", "x"]))),
    st.tuples(st.just("$expand"), _expand),
    st.tuples(st.just("$search"), _kql),
    st.tuples(st.just("$count"), st.sampled_from(["true", "false", "x"])),
    st.tuples(st.sampled_from(["$skiptoken", "$deltatoken"]), ODD),
    st.tuples(st.just("disposalType"), st.sampled_from(["hardDelete", "softDelete", "x", ""])),
    st.tuples(st.sampled_from(["includeHiddenFolders", "includeHiddenMessages"]), st.sampled_from(["true", "x"])),
    st.tuples(st.just("changeType"), st.sampled_from(["created", "updated,deleted", "x"])),
    st.tuples(ODD, ODD),
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**40), 2**40), st.floats(-1e9, 1e9), ODD),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
_person = st.one_of(
    st.fixed_dictionaries({"emailAddress": st.fixed_dictionaries({"address": ODD, "name": ODD})}), _json
)
_known = {
    **{
        name: st.one_of(ODD, _json)
        for name in ("displayName", "subject", "destinationId", "internetMessageId", "importance")
    },
    **{name: st.one_of(st.booleans(), _json) for name in ("isRead", "isHidden", "isReadReceiptRequested")},
    **{name: st.one_of(st.lists(_person, max_size=2), _json) for name in ("toRecipients", "replyTo")},
    "from": _person,
    "body": st.one_of(
        st.fixed_dictionaries({"contentType": st.sampled_from(["text", "html", "HTML", ""]), "content": ODD}), _json
    ),
    "categories": st.one_of(st.lists(ODD, max_size=3), _json),
    "flag": st.one_of(st.fixed_dictionaries({"flagStatus": st.sampled_from(["flagged", "x"])}), _json),
    "singleValueExtendedProperties": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {"id": st.sampled_from(["Integer 0x0E07", "SystemTime 0x0E06", "String 0x001A", "x"]), "value": ODD}
            ),
            max_size=2,
        ),
        _json,
    ),
    "multiValueExtendedProperties": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {
                    "id": st.sampled_from(["StringArray 0x8001", "Integer 0x0E07", "x"]),
                    "value": st.lists(ODD, max_size=2),
                }
            ),
            max_size=2,
        ),
        _json,
    ),
    "attachments": st.one_of(
        st.lists(
            st.fixed_dictionaries(
                {
                    "@odata.type": st.sampled_from(["#microsoft.graph.fileAttachment", "x"]),
                    "name": ODD,
                    "contentBytes": ODD,
                }
            ),
            max_size=2,
        ),
        _json,
    ),
    "internetMessageHeaders": st.one_of(
        st.lists(st.fixed_dictionaries({"name": ODD, "value": ODD}), max_size=2), _json
    ),
    "@odata.type": st.sampled_from(["#microsoft.graph.mailSearchFolder", "x"]),
    "sourceFolderIds": st.one_of(st.lists(ODD, max_size=2), _json),
    "filterQuery": _filter,
    "name": ODD,
    "contentBytes": ODD,
    "inputIds": st.one_of(st.lists(ODD, max_size=2), _json),
    "sourceIdType": st.sampled_from(["restId", "entryId", "ewsId", "x"]),
    "targetIdType": st.sampled_from(["restImmutableEntryId", "entryId", "x"]),
}
_object = st.lists(st.sampled_from(sorted(_known)), max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: _known[name] for name in names})
)
BODY = st.one_of(st.none(), _object, _object, _json, st.binary(max_size=30), st.just(b"SGVsbG86IHgNCg0KeA=="))
HEADERS = st.fixed_dictionaries(
    {},
    optional={
        "Prefer": st.sampled_from(
            [
                *('IdType="ImmutableId"', "odata.maxpagesize=2", "odata.maxpagesize=x", "odata.maxpagesize=0", ",,=,"),
                'outlook.body-content-type="text"',
            ]
        ),
        "Content-Type": st.sampled_from(["application/json", "text/plain", "text/plain; x", "multipart/mixed", ""]),
        "If-Match": st.sampled_from(["*", "W/", 'W/"x"', '"']),
        "ConsistencyLevel": st.just("eventual"),
    },
)
