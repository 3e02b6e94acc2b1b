// Entry point of the page: defines the elements.
import './lab-page.ts';
