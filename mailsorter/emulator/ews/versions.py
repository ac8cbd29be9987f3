"""The Exchange servers that the EWS face can be: what they call themselves, and which folder names their schema has.

Source: Microsoft's published schema, one version, has the names of `requests.txt`; its documentation page of
`DistinguishedFolderId` and MS-OXWSCDATA 2.2.5.10 list those since Exchange 2013. Assumed: `archive` came after Exchange
2016; 2019 and Subscription Edition have the published list; what Exchange Online knows beyond it is on no server.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Names that clients have seen Exchange Online know, and that Microsoft's schema has not.
ONLINE_ONLY = frozenset(
    {
        *("recoverableitemssubstrateholds", "clutter", "allitems", "allcontacts", "companycontacts", "inference"),
        *("quarantinedemail", "shortnotes", "temporarysaves", "usercuratedcontacts", "relevantcontacts"),
    }
)


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """One kind of server."""

    name: str
    build: tuple[int, int, int, int]
    missing: frozenset[str] = frozenset()
    more: frozenset[str] = frozenset()

    @property
    def folders(self) -> frozenset[str]:
        """The values of DistinguishedFolderIdNameType in its schema."""
        from mailsorter.emulator.ews.schema import table

        return (table().values["DistinguishedFolderIdName"] - self.missing) | self.more

    @property
    def asked_as(self) -> frozenset[str]:
        """The versions that a request may name in RequestServerVersion."""
        from mailsorter.emulator.ews.schema import table

        return table().values["ExchangeVersion"]

    @property
    def header(self) -> dict[str, str]:
        """What ServerVersionInfo says of it in each answer."""
        major, minor, build, revision = self.build
        return {
            "MajorVersion": str(major),
            "MinorVersion": str(minor),
            "MajorBuildNumber": str(build),
            "MinorBuildNumber": str(revision),
            "Version": "V2017_07_11",
        }


EXCHANGE_2016 = ServerVersion("2016", (15, 1, 2507, 61), missing=frozenset({"archive"}))
EXCHANGE_2019 = ServerVersion("2019", (15, 2, 1748, 10))
EXCHANGE_SE = ServerVersion("SE", (15, 2, 2562, 17))
EXCHANGE_ONLINE = ServerVersion("online", (15, 20, 9999, 0), more=ONLINE_ONLY)
VERSIONS = {one.name: one for one in (EXCHANGE_2016, EXCHANGE_2019, EXCHANGE_SE, EXCHANGE_ONLINE)}
