"""The identity authority's register of people, in the sandbox's own database."""

from datetime import date

from sqlalchemy import JSON, Column, Date, MetaData, Row, String, Table, Text, insert, or_, select

from apps.sandboxes.fayda.people import WELL_KNOWN_PEOPLE, Conduct, Person
from apps.sandboxes.kernel.book import Book

metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("number", String(16), primary_key=True),
    Column("fan", String(16), unique=True),
    Column("fin", String(12), unique=True),
    Column("names", JSON, nullable=False),
    Column("birth_date", Date),
    Column("phone", Text),
    Column("email", Text),
    Column("gender", Text),
    Column("address", JSON, nullable=False),
    Column("conduct", String(32), nullable=False),
)


class AlreadyEnrolled(Exception):
    """Someone has this FAN or FIN."""


class Register:
    """Enrolled people; the well-known ones are there from the start."""

    def __init__(self, *, book: Book) -> None:
        self._book = book
        book.add_tables(metadata=metadata)
        with book.transaction():
            for person in WELL_KNOWN_PEOPLE.values():
                if self.find(individual_id=person.number) is None:
                    self.enrol(person=person)

    def enrol(self, *, person: Person) -> None:
        """Add a person.

        Raises:
            AlreadyEnrolled: the FAN or the FIN is taken.
        """
        with self._book.transaction() as connection:
            for number in (person.fan, person.fin):
                if number is not None and self.find(individual_id=number) is not None:
                    raise AlreadyEnrolled("someone with this number is enrolled already")
            connection.execute(
                insert(people).values(
                    number=person.number,
                    fan=person.fan,
                    fin=person.fin,
                    names=dict(person.names),
                    birth_date=person.birth_date,
                    phone=person.phone,
                    email=person.email,
                    gender=person.gender,
                    address=dict(person.address),
                    conduct=person.conduct,
                )
            )

    def find(self, *, individual_id: str) -> Person | None:
        """Whoever has this FAN or FIN."""
        query = select(people).where(
            or_(people.c.fan == individual_id, people.c.fin == individual_id)
        )
        with self._book.transaction() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _person(row)

    def everyone(self) -> list[Person]:
        """All people by number."""
        with self._book.transaction() as connection:
            return [_person(row) for row in connection.execute(select(people).order_by("number"))]


def _person(row: Row[tuple[str, date]]) -> Person:
    return Person(
        fan=row.fan,
        fin=row.fin,
        names=row.names,
        birth_date=row.birth_date,
        phone=row.phone,
        email=row.email,
        gender=row.gender,
        address=row.address,
        conduct=Conduct(row.conduct),
    )
