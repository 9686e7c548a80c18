"""The resources of the core, what stands around every resource, the document about them, and the pages for people."""
