"""Whatever is asked, in whatever order, and whatever fails meanwhile: no code is lost, none is given twice."""

from tests.property.machine import Histories

TestHistories = Histories.TestCase
