import { render } from 'preact';
import { Entrance } from './entrance.js';

const root = document.getElementById('page');
if (root) render(<Entrance />, root);
