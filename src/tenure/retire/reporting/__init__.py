"""The post-deployment report and small pages: sections, tables, and what was assessed again."""
