"""What `align/adherence` reports: recipes over the records of parent and child."""
