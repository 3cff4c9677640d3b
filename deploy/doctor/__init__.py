"""Doctor: finds out what is wrong with a site, also when half of it is dead, and says what to type.

It looks and changes nothing. Each thing it looks at gives one finding, in Chinese and English (`texts.yaml`).
"""

from deploy.doctor.findings import Finding
from deploy.doctor.run import examine

__all__ = ["Finding", "examine"]
