"""placeholder"""

from tests.faults.case import Registry

SHAPES = Registry()
